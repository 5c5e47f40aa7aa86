// SPDX-License-Identifier: Apache-2.0
// What happened when: the records of viewer/html_profile.h, and their sums over a range of time. A
// range is [from, to): buckets of time, the last one excluded.

const US_PER_S = 1e6;

function undelta(column) {
    const values = new Uint32Array(column.length);
    let sum = 0;
    for (let i = 0; i < column.length; i++) {
        sum += column[i];
        values[i] = sum;
    }
    return values;
}

// For each bucket where its rows begin, and at last where all end.
function offsets(bucketOf, buckets) {
    const begins = new Uint32Array(buckets + 1);
    for (const bucket of bucketOf)
        begins[bucket + 1]++;
    for (let i = 0; i < buckets; i++)
        begins[i + 1] += begins[i];
    return begins;
}

export class Profile {
    constructor(raw) {
        this.beginS = raw.begin_s;
        this.bucketS = raw.bucket_s;
        this.buckets = raw.buckets;
        this.threads = raw.threads;
        this.states = raw.states;
        this.kinds = raw.kinds;
        this.gils = raw.gils;
        this.folded = raw.folded;
        this.stacks = raw.stacks.parent.length;
        this.waitUs = raw.wait_us;
        this.raw = raw;
        this.stackCache = new Map([[0, []]]);
        this.withCache = new Map();
        this.begins = offsets(undelta(raw.records.bucket), raw.buckets);
        this.holdingBegins = offsets(undelta(raw.holding.bucket), raw.buckets);
        this.groupRecords();
    }

    // Rows that differ in their time only are of one group, so that the sum over a range is one
    // addition a row.
    groupRecords() {
        const { thread, state, stack, kind, holder, holder_stack: holderStack } = this.raw.records;
        const own = new Map();
        const whole = new Map();
        this.groups = [];
        this.groupOf = new Uint32Array(thread.length);
        for (let i = 0; i < thread.length; i++) {
            const ownKey = (thread[i] * this.states.length + state[i]) * this.stacks + stack[i];
            if (!own.has(ownKey))
                own.set(ownKey, own.size);
            const other = (kind[i] * (this.threads.length + 1) + holder[i] + 1) * this.stacks + holderStack[i];
            const key = other * thread.length + own.get(ownKey);
            let group = whole.get(key);
            if (group === undefined) {
                group = this.groups.length;
                whole.set(key, group);
                this.groups.push(this.record(i));
            }
            this.groupOf[i] = group;
        }
    }

    record(row) {
        const records = this.raw.records;
        return {
            thread: records.thread[row],
            state: this.states[records.state[row]],
            stack: records.stack[row],
            kind: this.kinds[records.kind[row]],
            holder: records.holder[row],
            holderStack: records.holder_stack[row],
        };
    }

    // [{thread, state, stack, kind, holder, holderStack, s}]: rows of threads and stacks, seconds;
    // kind is "" and holder -1 where it is no wait for the GIL or nobody held it.
    sum(from = 0, to = this.buckets) {
        const us = new Float64Array(this.groups.length);
        for (let i = this.begins[from]; i < this.begins[to]; i++)
            us[this.groupOf[i]] += this.raw.records.us[i];
        const sums = [];
        for (let i = 0; i < us.length; i++) {
            if (us[i] === 0)
                continue;
            const { thread, state, stack, kind, holder, holderStack } = this.groups[i];
            sums.push({ thread, state, stack, kind, holder, holderStack, s: us[i] / US_PER_S });
        }
        return sums;
    }

    // Calls visit(thread, state, seconds) for each record of a bucket.
    eachState(bucket, visit) {
        const { thread, state, us } = this.raw.records;
        for (let i = this.begins[bucket]; i < this.begins[bucket + 1]; i++)
            visit(thread[i], state[i], us[i] / US_PER_S);
    }

    // What a thread did in a bucket, the longest first.
    at(bucket, thread) {
        const found = [];
        for (let i = this.begins[bucket]; i < this.begins[bucket + 1]; i++) {
            if (this.raw.records.thread[i] === thread)
                found.push({ ...this.record(i), s: this.raw.records.us[i] / US_PER_S });
        }
        return found.sort((a, b) => b.s - a.s);
    }

    // Who held which GIL in a range: [{gil, kind, holder, s}].
    holding(from = 0, to = this.buckets) {
        const { gil, kind, holder, us } = this.raw.holding;
        const found = [];
        for (let i = this.holdingBegins[from]; i < this.holdingBegins[to]; i++)
            found.push({ gil: gil[i], kind: this.kinds[kind[i]], holder: holder[i], s: us[i] / US_PER_S });
        return found;
    }

    // The wait of all threads, whether or not they are in the page.
    allWait(from, to) {
        let sum = 0;
        for (let i = from; i < to; i++)
            sum += this.waitUs[i];
        return sum / US_PER_S;
    }

    // Frames of a stack, the outermost first: [{id (the same for equal frames), fn (row of
    // functions), name, file, line, first (line of the function), kind}].
    frames(stack) {
        let frames = this.stackCache.get(stack);
        if (!frames) {
            const { parent, function: functions, line } = this.raw.stacks;
            frames = [...this.frames(parent[stack]), this.frame(functions[stack], line[stack])];
            this.stackCache.set(stack, frames);
        }
        return frames;
    }

    // For each stack whether a function (a row) is in it; callers come before those they call.
    stacksWith(fn) {
        let has = this.withCache.get(fn);
        if (!has) {
            const { parent, function: functions } = this.raw.stacks;
            has = new Uint8Array(parent.length);
            for (let i = 1; i < has.length; i++)
                has[i] = functions[i] === fn || has[parent[i]];
            this.withCache.set(fn, has);
        }
        return has;
    }

    // Whether a row of functions is there, and one that the target has.
    hasFunction(fn) {
        return (this.raw.functions.kind[fn] ?? "small") !== "small";
    }

    frame(fn, line) {
        const { name, file, line: first, kind } = this.raw.functions;
        return {
            id: `${fn}-${line}`,
            fn,
            name: name[fn],
            file: file[fn] < 0 ? "" : this.raw.files[file[fn]],
            line,
            first: first[fn],
            kind: kind[fn],
        };
    }

    // Seconds from the begin of the recording to that of a bucket.
    secondsAt(bucket) {
        return this.beginS + bucket * this.bucketS;
    }
}
