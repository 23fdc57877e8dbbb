#include "adapters/attached.h"

const char *
attached_kind_name(enum attached_kind kind)
{
    static const char *const names[ATTACHED_KINDS] = {
        [ATTACHED_COLUMN] = "column",
        [ATTACHED_DEFAULT] = "default of",
        [ATTACHED_GENERATED] = "generated column",
        [ATTACHED_IDENTITY] = "identity of",
        [ATTACHED_CHECK] = "check constraint",
        [ATTACHED_UNIQUE] = "key",
        [ATTACHED_EXCLUSION] = "exclusion constraint",
        [ATTACHED_FOREIGN_KEY] = "foreign key",
        [ATTACHED_INDEX] = "index",
        [ATTACHED_TRIGGER] = "trigger",
        [ATTACHED_RULE] = "rule",
        [ATTACHED_ROW_SECURITY] = "row-level security",
        [ATTACHED_POLICY] = "policy",
        [ATTACHED_PARTITION] = "partitions",
        [ATTACHED_GRANT] = "grant",
        [ATTACHED_PUBLICATION] = "publication",
        [ATTACHED_STATISTICS] = "statistics",
        [ATTACHED_VIEW] = "view",
        [ATTACHED_MATERIALIZED_VIEW] = "materialized view",
        [ATTACHED_TABLE] = "table",
        [ATTACHED_REFERENCE] = "foreign key",
        [ATTACHED_FUNCTION] = "function",
        [ATTACHED_OTHER] = "object",
    };
    return names[kind];
}
