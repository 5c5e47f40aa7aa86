/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/pyobject.h"

int gw_pyword_read(const struct gw_rmem *memory, gw_raddr addr, uint64_t *out)
{
    return gw_rmem_read(memory, addr, out, sizeof *out);
}

int gw_pytype_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   struct gw_pytype *out)
{
    int err = gw_pyword_read(memory, addr + gw_layout_at(layout, GW_F_object_type), &out->addr);
    if (err)
        return err;
    return gw_pyword_read(memory, out->addr + gw_layout_at(layout, GW_F_type_flags), &out->flags);
}

int gw_pyobject_expect(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                       uint32_t flag)
{
    struct gw_pytype type;
    int err = gw_pytype_read(memory, layout, addr, &type);
    if (err)
        return err;
    return type.flags & flag ? 0 : -GW_E_TORN;
}
