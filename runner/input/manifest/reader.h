/*
 * reader: a manifest while it is being read. Private to the manifest room.
 */
#ifndef MANIFEST_READER_H
#define MANIFEST_READER_H

#include "stream.h"

#include <sys/stat.h>

/* The fields of nodes and macros that are looked at; FIELD_NONE is any other. */
enum field {
    FIELD_NONE,
    FIELD_RESOURCE_TYPE,
    FIELD_NAME,
    FIELD_PACKAGE_NAME,
    FIELD_ORIGINAL_FILE_PATH,
    FIELD_PATCH_PATH,
    FIELD_DATABASE,
    FIELD_SCHEMA,
    FIELD_ALIAS,
    FIELD_IDENTIFIER,
    FIELD_RELATION_NAME,
    FIELD_FQN,
    FIELD_TAGS,
    FIELD_DEPENDS_ON,
    FIELD_CONFIG,
    FIELD_UNRENDERED_CONFIG,
    FIELD_DESCRIPTION,
    FIELD_COLUMNS,
    FIELD_RAW_CODE,
    FIELD_CHECKSUM,
    FIELD_CONTRACT,
    FIELD_ACCESS,
    FIELD_VERSION,
    FIELD_LATEST_VERSION,
    FIELD_DEPRECATION_DATE,
    FIELD_TEST_METADATA,
    FIELD_ARGUMENTS,
    FIELD_RETURNS,
    FIELD_OVERLOADS,
    FIELD_QUOTING,
    FIELD_LOADED_AT_FIELD,
    FIELD_FRESHNESS,
    FIELD_EXTERNAL,
    FIELD_UNRENDERED_DATABASE,
    FIELD_UNRENDERED_SCHEMA,
    FIELD_TYPE,
    FIELD_OWNER,
    FIELD_MATURITY,
    FIELD_URL,
    FIELD_LABEL,
    FIELD_MODEL,
    FIELD_DEFAULTS,
    FIELD_ENTITIES,
    FIELD_DIMENSIONS,
    FIELD_MEASURES,
    FIELD_PRIMARY_ENTITY,
    FIELD_GROUP,
    FIELD_QUERY_PARAMS,
    FIELD_EXPORTS,
    FIELD_MACRO_SQL,
    FIELD_COUNT,
};

#define FIELD_SLOTS 128
struct field_slot {
    const char *name;
    uint64_t head, tail; /* its first and last eight bytes: all of it up to 16 */
    uint32_t len;
    enum field field;
};
#define FIELD_PAD 8 /* bytes that must be readable behind a key */

/* A key of entries as dbt's json.dumps writes it: `, "key": `; then, if it was short, the value
 * that it had last, and a comma. */
#define KEY_VALUE_MOST 8
#define KEYS_SEEN 256
struct key_seen {
    char text[64];
    uint8_t n, n_value; /* 0: no value is kept */
    enum field field;
    struct key_seen *next; /* what came after it the last time */
};

/* Strings that live as long as the manifest, packed. */
struct arena {
    void *ctx;
    char *free;
    size_t left;
};
void *arena_take(struct arena *a, size_t n, size_t align);

/* What is read of a node's `config`; most nodes share theirs with many others. */
struct config_facts {
    char *text; /* as it is in the file; NULL if the slot is free */
    size_t len, capacity;
    const char *materialized;
    bool enabled, persist_relation, persist_columns;
};
#define CONFIG_SLOTS 256
#define CONFIG_RECENT 2

#define RECENT 64

struct reader {
    struct manifest *m;
    bool metadata_only;
    struct stream s;
    struct arena arena;
    void *tmp; /* goes when the reading ends */
    struct field_slot fields[FIELD_SLOTS];
    struct key_seen keys[KEYS_SEEN], first_key, odd_key;
    uint32_t n_keys;
    struct value f[FIELD_COUNT];   /* of the entry at hand */
    const char *last[FIELD_COUNT]; /* the last text of a field: many repeat */
    size_t last_len[FIELD_COUNT];
    const char **last_fqn;
    uint16_t last_n_fqn;
    struct config_facts *configs;
    const struct config_facts *recent_configs[CONFIG_RECENT];
    const struct config_facts *config; /* of the entry at hand, if its text was met before */
    const char **strings;              /* of a list, before it is packed */
    uint32_t *ids;
    uint32_t recent[2]
                   [RECENT]; /* nodes and macros that were named lately, by a few bytes of the id */
    size_t strings_cap, ids_cap;
    uint32_t nodes_cap, macros_cap;
    uint32_t seen; /* top-level sections, a bit each */
};

struct span {
    const char *id;
    uint64_t offset;
    uint32_t length;
};

/* What outlives the reading: how to come back to an entry's text. */
struct source {
    int fd; /* or -1: memory */
    const char *memory;
    uint64_t total;
    const char *what;
    struct stat stat; /* as it was */
    struct map *disabled;
    struct span *disabled_at;
    uint32_t n_disabled, disabled_cap;
};

void fields_init(struct reader *r);
enum field fields_find(const struct reader *r, const char *key, size_t len);
/* Reads the object at pos into r->f; as the stream's functions, STREAM_END is its end. */
bool fields_collect(struct reader *r);

/* An entry of a section, from its key at pos on. As the stream's functions. */
bool member_read(struct reader *r, enum node_group group);
bool macro_read(struct reader *r);
bool disabled_read(struct reader *r);

/* The place of an id. One that is not known yet gets a place that is filled when it is read; until
 * then its length is 0. */
uint32_t reader_node_slot(struct reader *r, const char *id, size_t len);
uint32_t reader_macro_slot(struct reader *r, const char *id, size_t len);

/* The strings of the list `v`, packed in the arena. */
bool list_strings(struct reader *r, struct value v, const char ***out, uint16_t *n);
/* The ids of the list `v` in r->ids: nodes, or macros with MAP_NONE for null. */
bool list_ids(struct reader *r, struct value v, bool macros, uint32_t *n);
/* depends_on of the entry at hand, packed in the arena. */
bool list_depends(struct reader *r, uint32_t **nodes, uint32_t *n_nodes, uint32_t **macros,
                  uint32_t *n_macros);
const char *list_text(struct reader *r, struct value string);
/* A field's text; the last one again if it is equal. NULL for null and absent. */
const char *list_shared(struct reader *r, enum field field);

const struct config_facts *config_facts(struct reader *r);
/* Over the fields that state comparison looks at; 0 where equal text is not enough. */
uint64_t fingerprint(const struct reader *r, const struct node *n, const struct config_facts *c);

/* manifest_parse with chunks of another size, a multiple of SCAN_BLOCK: for tests of their borders.
 */
int reader_parse(void *ctx, struct manifest **out, const char *text, size_t len, const char *what,
                 size_t chunk, struct err *err) BASE_CHECKED;
/* After the last byte: drops what was named but never defined, makes children. */
void reader_link(struct reader *r);
int reader_metadata(struct reader *r, struct value text, struct err *err);

#endif
