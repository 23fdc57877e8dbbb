/* What promote and rollback print. Of the cli room only. */
#ifndef CLI_PROMOTION_TEXT_H
#define CLI_PROMOTION_TEXT_H

#include "job/promotion_stage.h"

/* Whatever came of it: the journal, what would be done, what went live. `g` may be NULL. */
void promotion_print(const struct promotion *s, const struct promotion_stage *g);

#endif
