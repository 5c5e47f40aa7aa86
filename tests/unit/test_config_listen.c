/* SPDX-License-Identifier: Apache-2.0 */
#include "config_listen.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"

static void assert_parsed(const char *text, const char *host, unsigned port)
{
    char *found;
    uint16_t number;
    assert_true(gw_listen_parse(text, &found, &number));
    assert_string_equal(found, host);
    assert_int_equal(number, port);
    free(found);
}

static void test_addresses(void **state)
{
    (void)state;
    assert_parsed("127.0.0.1:9847", "127.0.0.1", 9847);
    assert_parsed("0.0.0.0:0", "0.0.0.0", 0);
    assert_parsed("[::1]:65535", "::1", 65535);
    static const char *const bad[] = {
        "",
        ":",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "localhost:80",
        "::1:80",
        "[::1]",
        "[]:1",
        "[1.2.3.4]:5",
        "1.2.3.4: 5",
        "1.2.3.4:-5",
        "1.2.3.4:5x",
        "[::1:5",
        "1.2.3:4",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *host;
        uint16_t port;
        if (gw_listen_parse(bad[i], &host, &port))
            fail_msg("'%s' was taken", bad[i]);
    }
}

static void test_loopback(void **state)
{
    (void)state;
    assert_true(gw_listen_is_loopback("127.0.0.1"));
    assert_true(gw_listen_is_loopback("127.9.9.9"));
    assert_true(gw_listen_is_loopback("::1"));
    assert_false(gw_listen_is_loopback("0.0.0.0"));
    assert_false(gw_listen_is_loopback("128.0.0.1"));
    assert_false(gw_listen_is_loopback("::"));
    assert_false(gw_listen_is_loopback("::ffff:10.0.0.1"));
}

static int read_token(const char *text, char **out)
{
    char path[] = "/tmp/gilwait-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    int err = gw_token_read(path, out);
    unlink(path);
    return err;
}

static void test_token(void **state)
{
    (void)state;
    char *token;
    assert_int_equal(read_token("0123456789abcdef\nmore", &token), 0);
    assert_string_equal(token, "0123456789abcdef");
    free(token);
    assert_int_equal(read_token("", &token), -GW_E_BAD_DATA);
    assert_int_equal(read_token("0123456789abcde\n", &token), -GW_E_BAD_DATA);
    assert_int_equal(read_token("0123456789 abcdef\n", &token), -GW_E_BAD_DATA);
    char longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(read_token(longer, &token), -GW_E_BAD_DATA);
    assert_int_equal(gw_token_read("/nonexistent", &token), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
