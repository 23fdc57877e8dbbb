/* Completion for bash, zsh and fish, made of the tables: nothing is kept in step by hand. */
#include "help.h"

#include <string.h>

/* --- what all three need --- */

/* The words that may come first; "state" once. */
static void
first_words(void *ctx, struct strlist *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        char *word = mem_strndup(ctx, c[i].name, strcspn(c[i].name, " "));
        if (!strlist_has(out, word))
            strlist_add(ctx, out, word);
    }
}

/* What may follow the first word of a command of two; nothing for the others. */
static void
second_words(void *ctx, const char *first, struct strlist *out)
{
    size_t n, len = strlen(first);
    const struct command *c = commands_all(&n);
    for (size_t i = 0; i < n; i++)
        if (str_starts(c[i].name, first) && c[i].name[len] == ' ')
            strlist_add(ctx, out, c[i].name + len + 1);
}

static const char *
summary_of(void *ctx, const char *first)
{
    const struct command *c = commands_find(first);
    struct strlist second = {0};
    if (c)
        return c->summary;
    second_words(ctx, first, &second);
    return strlist_join(ctx, &second, ", ");
}

enum value { VALUE_NONE, VALUE_ANY, VALUE_CHOICE, VALUE_FOLDER, VALUE_FILE };

static enum value
value_of(const struct option_def *o)
{
    if (o->kind == OPTION_FLAG)
        return VALUE_NONE;
    if (o->choices)
        return VALUE_CHOICE;
    if (str_eq(o->metavar, "DIR"))
        return VALUE_FOLDER;
    if (o->kind == OPTION_PATH || o->kind == OPTION_PROJECT_PATH || o->kind == OPTION_PROGRAM)
        return VALUE_FILE;
    return VALUE_ANY;
}

static char *
spellings(void *ctx, const struct option_def *o, const char *separator)
{
    struct strlist names = {0};
    help_spellings(ctx, o, &names);
    return strlist_join(ctx, &names, separator);
}

/* --- bash --- */

static const char bash_head[] =
    "# bash completion for cloneci; made by `cloneci completion bash`\n"
    "_cloneci() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i\n"
    "    # bash takes '=' for a word of its own\n"
    "    if [[ $cur == '=' ]]; then\n"
    "        cur=''\n"
    "    elif [[ $prev == '=' ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    COMPREPLY=()\n";

static const char bash_command[] = "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                                   "        case ${COMP_WORDS[i]} in\n"
                                   "        %s)\n"
                                   "            i=$((i + 1))\n"
                                   "            [[ ${COMP_WORDS[i]} == '=' ]] && i=$((i + 1))\n"
                                   "            ;;\n"
                                   "        -*) ;;\n"
                                   "        *)\n"
                                   "            case $command in\n"
                                   "            '') command=${COMP_WORDS[i]} ;;\n"
                                   "            %s) command+=\" ${COMP_WORDS[i]}\" ;;\n"
                                   "            esac\n"
                                   "            ;;\n"
                                   "        esac\n"
                                   "    done\n";

static const char bash_middle[] =
    "        esac\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "        return\n"
    "    fi\n"
    "    case $command in\n";

static const char bash_tail[] = "    esac\n"
                                "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                                "}\n"
                                "complete -F _cloneci cloneci\n";

static void
bash_values(void *ctx, struct buf *out)
{
    struct help_walk w = {0};
    buf_puts(out, "    case $prev in\n");
    for (const struct option_def *o; (o = help_next(&w));) {
        enum value v = value_of(o);
        if (v == VALUE_NONE)
            continue;
        buf_printf(out, "    %s)\n", spellings(ctx, o, " | "));
        if (v == VALUE_CHOICE)
            buf_printf(out, "        mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")\n",
                       o->choices);
        else if (v != VALUE_ANY)
            buf_printf(out,
                       "        compopt -o filenames 2>/dev/null\n"
                       "        mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\")\n",
                       v == VALUE_FOLDER ? 'd' : 'f');
        buf_puts(out, "        return\n        ;;\n");
    }
    buf_puts(out, "    esac\n");
}

/* One line of a case: what may stand where neither an option nor its value does. */
static void
bash_words(struct buf *out, const char *name, const char *words)
{
    buf_puts(out, "    ");
    buf_put_quoted(out, name);
    buf_printf(out, ") words='%s' ;;\n", words);
}

static void
bash_options(void *ctx, struct buf *out, const char *name)
{
    struct help_walk w = {.command = *name ? name : "help"};
    buf_puts(out, "        ");
    buf_put_quoted(out, name);
    buf_puts(out, ") words='");
    for (const struct option_def *o; (o = help_next(&w));)
        buf_printf(out, "%s ", spellings(ctx, o, " "));
    buf_puts(out, "' ;;\n");
}

static void
bash(void *ctx, struct buf *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    struct strlist valued = {0}, first = {0}, pairs = {0};
    struct help_walk w = {0};
    for (const struct option_def *o; (o = help_next(&w));)
        if (o->kind != OPTION_FLAG)
            strlist_add(ctx, &valued, spellings(ctx, o, " | "));
    first_words(ctx, &first);
    for (size_t i = 0; i < first.n; i++)
        if (!commands_find(first.v[i]))
            strlist_add(ctx, &pairs, first.v[i]);
    buf_puts(out, bash_head);
    buf_printf(out, bash_command, strlist_join(ctx, &valued, " | "),
               strlist_join(ctx, &pairs, " | "));
    bash_values(ctx, out);
    buf_puts(out, "    local words=''\n    if [[ $cur == -* ]]; then\n        case $command in\n");
    bash_options(ctx, out, "");
    for (size_t i = 0; i < n; i++)
        bash_options(ctx, out, c[i].name);
    buf_puts(out, bash_middle);
    bash_words(out, "", strlist_join(ctx, &first, " "));
    for (size_t i = 0; i < pairs.n; i++) {
        struct strlist second = {0};
        second_words(ctx, pairs.v[i], &second);
        bash_words(out, pairs.v[i], strlist_join(ctx, &second, " "));
    }
    for (size_t i = 0; i < n; i++) {
        struct strlist words = {0};
        help_words(ctx, &c[i], &words);
        if (words.n)
            bash_words(out, c[i].name, strlist_join(ctx, &words, " "));
    }
    buf_puts(out, bash_tail);
}

/* --- zsh --- */

/* Within [..] and between colons of a specification. */
static char *
zsh_escaped(void *ctx, const char *text)
{
    struct buf b;
    buf_init(&b, ctx);
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            buf_putc(&b, '\\');
        buf_putc(&b, *text);
    }
    return b.cap ? b.s : mem_strdup(ctx, "");
}

static void
zsh_option(void *ctx, struct buf *out, const struct option_def *o)
{
    struct strlist names = {0};
    enum value v = value_of(o);
    help_spellings(ctx, o, &names);
    for (size_t i = 0; i < names.n; i++) {
        struct buf spec;
        bool takes = v != VALUE_NONE, is_long = names.v[i][1] == '-';
        buf_init(&spec, ctx);
        const char *joint = !takes ? "" : is_long ? "=" : "+";
        buf_printf(&spec, "%s%s[%s]", names.v[i], joint, zsh_escaped(ctx, o->help));
        if (takes)
            buf_printf(&spec, ":%s:", o->metavar ? o->metavar : "VALUE");
        if (v == VALUE_CHOICE)
            buf_printf(&spec, "(%s)", o->choices);
        else if (v == VALUE_FOLDER || v == VALUE_FILE)
            buf_puts(&spec, v == VALUE_FOLDER ? "_files -/" : "_files");
        buf_puts(out, " \\\n            ");
        buf_put_quoted(out, spec.s);
    }
}

static void
zsh_command(void *ctx, struct buf *out, const struct command *c)
{
    struct help_walk w = {.command = c->name};
    struct strlist words = {0};
    buf_puts(out, "        ");
    buf_put_quoted(out, c->name);
    buf_puts(out, ")\n            _arguments");
    for (const struct option_def *o; (o = help_next(&w));)
        zsh_option(ctx, out, o);
    help_words(ctx, c, &words);
    if (words.n) {
        buf_puts(out, " \\\n            ");
        buf_put_quoted(out, mem_printf(ctx, "*:word:(%s)", strlist_join(ctx, &words, " ")));
    }
    buf_puts(out, "\n            ;;\n");
}

/* "    local -a NAME=('word:text' ..)" */
static void
zsh_described(void *ctx, struct buf *out, const char *name, const char *prefix,
              const struct strlist *words)
{
    buf_printf(out, "%s=(", name);
    for (size_t i = 0; i < words->n; i++) {
        char *full = mem_printf(ctx, "%s%s", prefix, words->v[i]);
        buf_putc(out, ' ');
        buf_put_quoted(
            out, mem_printf(ctx, "%s:%s", words->v[i], zsh_escaped(ctx, summary_of(ctx, full))));
    }
    buf_puts(out, " )\n");
}

static const char zsh_head[] =
    "#compdef cloneci\n"
    "# made by `cloneci completion zsh`\n"
    "_cloneci() {\n"
    "    local curcontext=$curcontext state line name\n"
    "    local -a all\n"
    "    typeset -A opt_args\n"
    "    _arguments -C '1:command:->command' '*::argument:->rest' && return\n"
    "    case $state in\n"
    "    command)\n"
    "        ";

static const char zsh_rest[] = "        _describe command all\n"
                               "        ;;\n"
                               "    rest)\n"
                               "        name=$words[1]\n"
                               "        case $name in\n";

static const char zsh_second[] = "                _describe command all\n"
                                 "                return\n"
                                 "            fi\n"
                                 "            name=\"$name $words[2]\"\n"
                                 "            shift words\n"
                                 "            ((CURRENT--))\n"
                                 "            ;;\n";

/* Loaded as a function, it is called; sourced, it registers itself. */
static const char zsh_tail[] = "        esac\n"
                               "        ;;\n"
                               "    esac\n"
                               "}\n"
                               "if [[ $funcstack[1] == _cloneci ]]; then\n"
                               "    _cloneci \"$@\"\n"
                               "else\n"
                               "    compdef _cloneci cloneci\n"
                               "fi\n";

static void
zsh(void *ctx, struct buf *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    struct strlist first = {0};
    first_words(ctx, &first);
    buf_puts(out, zsh_head);
    zsh_described(ctx, out, "all", "", &first);
    buf_puts(out, zsh_rest);
    for (size_t i = 0; i < first.n; i++) {
        struct strlist second = {0};
        second_words(ctx, first.v[i], &second);
        if (!second.n || commands_find(first.v[i]))
            continue;
        buf_printf(out, "        %s)\n", first.v[i]);
        buf_puts(out, "            if ((CURRENT == 2)); then\n                ");
        zsh_described(ctx, out, "all", mem_printf(ctx, "%s ", first.v[i]), &second);
        buf_puts(out, zsh_second);
    }
    buf_puts(out, "        esac\n        case $name in\n");
    for (size_t i = 0; i < n; i++)
        zsh_command(ctx, out, &c[i]);
    buf_puts(out, zsh_tail);
}

/* --- fish --- */

static const char fish_head[] =
    "# fish completion for cloneci; made by `cloneci completion fish`\n"
    "# Is the command one of these? Without arguments: is there none yet?\n"
    "function __cloneci_is\n"
    "    set -l words\n"
    "    for word in (commandline -opc)[2..-1]\n"
    "        string match -q -- '-*' $word; or set -a words $word\n"
    "    end\n"
    "    if test (count $argv) -eq 0\n"
    "        test (count $words) -eq 0\n"
    "        return\n"
    "    end\n"
    "    test (count $words) -gt 0; or return 1\n"
    "    contains -- $words[1] $argv; or contains -- \"$words[1..2]\" $argv\n"
    "end\n"
    "complete -c cloneci -f\n";

static void
fish_word(struct buf *out, const char *condition, const char *word, const char *text)
{
    buf_puts(out, "complete -c cloneci -n ");
    buf_put_quoted(out, condition);
    buf_puts(out, " -a ");
    buf_put_quoted(out, word);
    if (*text) {
        buf_puts(out, " -d ");
        buf_put_quoted(out, text);
    }
    buf_putc(out, '\n');
}

static void
fish_option(void *ctx, struct buf *out, const struct option_def *o)
{
    struct strlist names = {0}, commands = {0};
    enum value v = value_of(o);
    help_spellings(ctx, o, &names);
    help_commands(ctx, o, &commands);
    for (size_t i = 0; i < names.n; i++) {
        bool is_long = names.v[i][1] == '-';
        buf_puts(out, "complete -c cloneci");
        if (commands.n) {
            char *all = strlist_join(ctx, &commands, "\" \"");
            buf_puts(out, " -n ");
            buf_put_quoted(out, mem_printf(ctx, "__cloneci_is \"%s\"", all));
        }
        buf_printf(out, " -%c %s", is_long ? 'l' : 's', names.v[i] + (is_long ? 2 : 1));
        if (v == VALUE_CHOICE)
            buf_printf(out, " -x -a '%s'", o->choices);
        else if (v == VALUE_FOLDER)
            buf_puts(out, " -x -a '(__fish_complete_directories)'");
        else if (v == VALUE_FILE)
            buf_puts(out, " -r -F");
        else if (v == VALUE_ANY)
            buf_puts(out, " -x");
        buf_puts(out, " -d ");
        buf_put_quoted(out, o->help);
        buf_putc(out, '\n');
    }
}

static void
fish(void *ctx, struct buf *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    struct strlist first = {0};
    struct help_walk w = {0};
    first_words(ctx, &first);
    buf_puts(out, fish_head);
    for (size_t i = 0; i < first.n; i++) {
        struct strlist second = {0};
        fish_word(out, "__cloneci_is", first.v[i], summary_of(ctx, first.v[i]));
        second_words(ctx, first.v[i], &second);
        for (size_t k = 0; k < second.n; k++) {
            char *full = mem_printf(ctx, "%s %s", first.v[i], second.v[k]);
            fish_word(out,
                      mem_printf(ctx, "__cloneci_is %s; and not __fish_seen_subcommand_from %s",
                                 first.v[i], strlist_join(ctx, &second, " ")),
                      second.v[k], summary_of(ctx, full));
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct strlist words = {0};
        help_words(ctx, &c[i], &words);
        if (words.n)
            fish_word(out, mem_printf(ctx, "__cloneci_is %s", c[i].name),
                      strlist_join(ctx, &words, " "), "");
    }
    for (const struct option_def *o; (o = help_next(&w));)
        fish_option(ctx, out, o);
}

int
cmd_completion(void *ctx, const struct config *config, struct err *err)
{
    static const struct {
        const char *name;
        void (*make)(void *ctx, struct buf *out);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    struct buf out;
    if (command_args(config, 1, 1, err))
        return -1;
    buf_init(&out, ctx);
    for (size_t i = 0; i < BASE_COUNT(shells); i++) {
        if (strcmp(shells[i].name, config->args.v[0]) != 0)
            continue;
        shells[i].make(ctx, &out);
        fputs(out.s, stdout);
        return 0;
    }
    fail(err, ERR_CONFIG, "no completion for the shell '%s'", config->args.v[0]);
    return hint(err, "Known: bash, zsh, fish.");
}
