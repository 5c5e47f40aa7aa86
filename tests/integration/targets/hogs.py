# SPDX-License-Identifier: Apache-2.0
"""N threads that compute in Python all the time: hogs.py N [SECONDS [exec COMMAND...]]

After SECONDS it ends, or becomes COMMAND ("python" is this Python). Each line of input is answered
with how often the threads went round.
"""
import os
import sys
import threading
import time

rounds = [0] * int(sys.argv[1])


def hog(me):
    while True:
        for n in range(100):
            n * n
        rounds[me] += 1


def answer():
    for line in sys.stdin:
        print(sum(rounds), flush=True)


for number in range(len(rounds)):
    threading.Thread(target=hog, args=[number], name="hog %d" % number, daemon=True).start()
threading.Thread(target=answer, name="answer", daemon=True).start()
print("ready", flush=True)
time.sleep(float(sys.argv[2]) if sys.argv[2:] else 3600)
if sys.argv[3:4] == ["exec"]:
    command = [sys.executable if word == "python" else word for word in sys.argv[4:]]
    os.execvp(command[0], command)
sys.stdout.flush()
os._exit(0)  # whatever the threads are doing
