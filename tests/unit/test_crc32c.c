/* SPDX-License-Identifier: Apache-2.0 */
/* Test vectors of RFC 3720, appendix B.4, and the check value of the CRC catalogues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/crc32c.h"

static void test_published_vectors(void **state)
{
    uint8_t bytes[32] = {0};

    (void)state;
    assert_int_equal(gw_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(gw_crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(gw_crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    assert_int_equal(gw_crc32c(0, bytes, sizeof bytes), 0x46dd794e);
}

static void test_it_goes_on_where_it_stopped(void **state)
{
    (void)state;
    assert_int_equal(gw_crc32c(gw_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    assert_int_equal(gw_crc32c(0, "", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_it_goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
