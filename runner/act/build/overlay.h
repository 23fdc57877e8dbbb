/* overlay: the dbt project that lazy clones are built with. Of the build room only. */
#ifndef BUILD_OVERLAY_H
#define BUILD_OVERLAY_H

#include "build.h"

/* Makes plan->in.overlay_dir again where the plan has lazy clones; else nothing. ERR_CONFIG: the
 * folder cannot be made. */
int overlay_make(const struct plan *plan, struct err *err) BASE_CHECKED;
/* However the build ended: the target folder gets back what belongs to the checkout alone, and the
 * overlay goes. */
void overlay_end(const struct plan *plan);

#endif
