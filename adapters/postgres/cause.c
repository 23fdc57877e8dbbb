/* Why a statement of dbt's failed: by its exception, and by asking the server once more. */
#include "postgres.h"

#include <ctype.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define LETTERS_UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Of psycopg2, which dbt-postgres uses: a class for each SQLSTATE. */
static const struct {
    const char *name;
    enum err_cause cause;
} exceptions[] = {
    {"LockNotAvailable", CAUSE_BUSY},
    {"SerializationFailure", CAUSE_CONFLICT},
    {"DeadlockDetected", CAUSE_CONFLICT},
    {"TransactionRollback", CAUSE_CONFLICT},
    {"QueryCanceled", CAUSE_CANCELLED},
    {"QueryCanceledError", CAUSE_CANCELLED},
    {"IdleInTransactionSessionTimeout", CAUSE_CANCELLED},
    {"TransactionTimeout", CAUSE_CANCELLED},
    {"IdleSessionTimeout", CAUSE_CANCELLED},
    {"DependentObjectsStillExist", CAUSE_IN_USE},
    {"ObjectInUse", CAUSE_IN_USE},
    {"DuplicateTable", CAUSE_EXISTS},
    {"DuplicateSchema", CAUSE_EXISTS},
    {"DuplicateObject", CAUSE_EXISTS},
    {"DuplicateDatabase", CAUSE_EXISTS},
    {"UndefinedTable", CAUSE_MISSING},
    {"InvalidSchemaName", CAUSE_MISSING},
    {"InvalidCatalogName", CAUSE_MISSING},
    {"UndefinedObject", CAUSE_MISSING},
    {"InsufficientPrivilege", CAUSE_DENIED},
    {"InvalidAuthorizationSpecification", CAUSE_DENIED},
    {"InvalidPassword", CAUSE_DENIED},
    {"ReadOnlySqlTransaction", CAUSE_DENIED},
    {"OperationalError", CAUSE_LOST},
    {"InterfaceError", CAUSE_LOST},
    {"ConnectionException", CAUSE_LOST},
    {"ConnectionDoesNotExist", CAUSE_LOST},
    {"ConnectionFailure", CAUSE_LOST},
    {"SqlclientUnableToEstablishSqlconnection", CAUSE_LOST},
    {"SqlserverRejectedEstablishmentOfSqlconnection", CAUSE_LOST},
    {"ProtocolViolation", CAUSE_LOST},
    {"AdminShutdown", CAUSE_LOST},
    {"CrashShutdown", CAUSE_LOST},
    {"CannotConnectNow", CAUSE_LOST},
    {"DatabaseDropped", CAUSE_LOST},
    {"InsufficientResources", CAUSE_FULL},
    {"DiskFull", CAUSE_FULL},
    {"OutOfMemory", CAUSE_FULL},
    {"TooManyConnections", CAUSE_FULL},
    {"ConfigurationLimitExceeded", CAUSE_FULL},
    {"NotNullViolation", CAUSE_NO_VALUE},
};

/* Of the classes 0A, 21, 22, 23, 42 and 44: the statement or its data is wrong. */
static const char *const wrong[] = {
    "AmbiguousAlias",
    "AmbiguousColumn",
    "AmbiguousFunction",
    "AmbiguousParameter",
    "ArraySubscriptError",
    "CannotCoerce",
    "CardinalityViolation",
    "CharacterNotInRepertoire",
    "CheckViolation",
    "CollationMismatch",
    "DataException",
    "DatatypeMismatch",
    "DatetimeFieldOverflow",
    "DivisionByZero",
    "DuplicateAlias",
    "DuplicateColumn",
    "DuplicateFunction",
    "DuplicateJsonObjectKeyValue",
    "ErrorInAssignment",
    "ExclusionViolation",
    "FeatureNotSupported",
    "FloatingPointException",
    "ForeignKeyViolation",
    "GeneratedAlways",
    "GroupingError",
    "IndeterminateCollation",
    "IndeterminateDatatype",
    "IntegrityConstraintViolation",
    "IntervalFieldOverflow",
    "InvalidArgumentForLogarithm",
    "InvalidArgumentForNthValueFunction",
    "InvalidArgumentForNtileFunction",
    "InvalidArgumentForPowerFunction",
    "InvalidArgumentForWidthBucketFunction",
    "InvalidBinaryRepresentation",
    "InvalidCharacterValueForCast",
    "InvalidColumnDefinition",
    "InvalidColumnReference",
    "InvalidDatetimeFormat",
    "InvalidEscapeSequence",
    "InvalidForeignKey",
    "InvalidFunctionDefinition",
    "InvalidJsonText",
    "InvalidName",
    "InvalidParameterValue",
    "InvalidPrecedingOrFollowingSize",
    "InvalidRecursion",
    "InvalidRegularExpression",
    "InvalidRowCountInLimitClause",
    "InvalidRowCountInResultOffsetClause",
    "InvalidSqlJsonSubscript",
    "InvalidTextRepresentation",
    "InvalidXmlContent",
    "InvalidXmlDocument",
    "MoreThanOneSqlJsonItem",
    "NameTooLong",
    "NonNumericSqlJsonItem",
    "NoSqlJsonItem",
    "NullValueNotAllowed",
    "NumericValueOutOfRange",
    "ReservedName",
    "RestrictViolation",
    "SequenceGeneratorLimitExceeded",
    "SingletonSqlJsonItemRequired",
    "SqlJsonArrayNotFound",
    "SqlJsonItemCannotBeCastToTargetType",
    "SqlJsonMemberNotFound",
    "SqlJsonNumberNotFound",
    "SqlJsonObjectNotFound",
    "SqlJsonScalarRequired",
    "StringDataLengthMismatch",
    "StringDataRightTruncation",
    "SubstringError",
    "SyntaxError",
    "TooManyJsonArrayElements",
    "TooManyJsonObjectMembers",
    "TrimError",
    "UndefinedColumn",
    "UndefinedFunction",
    "UniqueViolation",
    "UntranslatableCharacter",
    "WindowingError",
    "WithCheckOptionViolation",
    "WrongObjectType",
};

enum err_cause
pg_exception_cause(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || !str_starts(name, "psycopg2."))
        return CAUSE_NONE;
    for (size_t i = 0; i < BASE_COUNT(exceptions); i++)
        if (strcmp(exceptions[i].name, dot + 1) == 0)
            return exceptions[i].cause;
    for (size_t i = 0; i < BASE_COUNT(wrong); i++)
        if (strcmp(wrong[i], dot + 1) == 0)
            return CAUSE_WRONG;
    return CAUSE_NONE;
}

/* The word that the statement begins with, behind comments; "" where it is none. */
static char *
verb_of(void *ctx, const char *sql)
{
    for (;;) {
        sql += strspn(sql, " \t\r\n(");
        const char *end = str_starts(sql, "/*")   ? strstr(sql, "*/")
                          : str_starts(sql, "--") ? strchr(sql, '\n')
                                                  : NULL;
        if (!end)
            break;
        sql = end + (*end == '*' ? 2 : 1);
    }
    char *verb = mem_strndup(ctx, sql, strspn(sql, LETTERS LETTERS_UPPER));
    for (char *p = verb; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return verb;
}

/* The server's message names the table and not the privilege: a table that is written is mostly
 * read as well. */
static void
hint_write(const struct warehouse *a, const char *verb, struct err *err)
{
    static const char *const writes[] = {"INSERT", "UPDATE", "DELETE", "MERGE"};
    static const char table[] = "permission denied for table ";
    for (size_t i = 0; i < BASE_COUNT(writes); i++)
        if (strcmp(verb, writes[i]) == 0 && str_starts(err->msg, table))
            hint(err,
                 "If it should be allowed: GRANT SELECT, %s ON TABLE %s TO %s; conf/roles.sql has "
                 "all privileges that are needed.",
                 strcmp(verb, "MERGE") == 0 ? "INSERT, UPDATE, DELETE" : verb,
                 err->msg + sizeof table - 1, a->role);
}

int
pg_explain(void *ctx, struct warehouse *a, const char *sql, struct err *err)
{
    static const char *const stems[] = {"begin_read", "columns_settings", NULL, "commit"};
    const char *statements[BASE_COUNT(stems)];
    const struct sql_var limit = {"lock_timeout", pg_read_limit_text(ctx, a)};
    for (size_t i = 0; i < BASE_COUNT(stems); i++) {
        char *text;
        if (stems[i] && sql_render(ctx, &text, "postgres", stems[i], &limit, 1, err))
            return -1;
        statements[i] = stems[i] ? text : mem_printf(ctx, "EXPLAIN %s", sql);
    }
    /* a pipeline takes one statement each, so that nothing comes in behind a semicolon */
    if (pg_run(a, statements, BASE_COUNT(statements), NULL, NULL, NULL, err) == 0)
        return 0;
    pg_abandon(a);
    if (err->cause == CAUSE_DENIED)
        hint_write(a, verb_of(ctx, sql), err);
    return -1;
}
