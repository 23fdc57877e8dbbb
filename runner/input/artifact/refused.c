#include "internal.h"

#include <string.h>

/* S3 says what is wrong in XML: <Code>NoSuchBucket</Code>. */
static const char *
s3_code(const struct http_response *answer)
{
    const char *code = strstr(answer->body, "<Code>"), *end = code ? strstr(code, "</Code>") : NULL;
    return end && end - code < 100 ? mem_strndup(answer->body, code + 6, (size_t)(end - code - 6))
                                   : NULL;
}

static const struct {
    const char *code, *text;
} s3_hints[] = {
    {"NoSuchBucket", "There is no such bucket. Create it, or check its name and AWS_REGION."},
    {"SignatureDoesNotMatch",
     "The secret does not belong to the key. Check AWS_SECRET_ACCESS_KEY and AWS_REGION."},
    {"InvalidAccessKeyId",
     "The store does not know AWS_ACCESS_KEY_ID. Check it, and AWS_ENDPOINT_URL."},
    {"ExpiredToken",
     "The credentials have expired. Get new ones in the job, right before this step."},
    {"RequestTimeTooSkewed", "The clock of this machine is wrong. Correct it."},
    {"AuthorizationHeaderMalformed",
     "The bucket is in another region. Set AWS_REGION to that region."},
    {"PermanentRedirect", "The bucket is in another region. Set AWS_REGION to that region."},
    {"AccessDenied",
     "The key needs s3:GetObject to pull, s3:PutObject and s3:DeleteObject to push, on the prefix, "
     "and s3:ListBucket on the bucket: without it an empty store looks like a forbidden one."},
};

int
store_refused(struct err *err, const char *what, const struct http_request *r,
              const struct http_response *answer)
{
    const char *code = s3_code(answer);
    bool access = answer->status == 401 || answer->status == 403;
    fail(err, access ? ERR_CONFIG : ERR_INPUT, "%s %s: the store answered %ld%s%s", what, r->url,
         answer->status, code ? " " : "", code ? code : "");
    for (size_t i = 0; code && i < BASE_COUNT(s3_hints); i++)
        if (strcmp(s3_hints[i].code, code) == 0)
            return hint(err, "%s", s3_hints[i].text);
    if (access)
        return hint(err, "These credentials lack the privilege. For https:// set "
                         "CLONECI_STORE_TOKEN, or CLONECI_STORE_USER and CLONECI_STORE_PASSWORD. "
                         "For s3:// set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.");
    if (answer->status == 413)
        return hint(err, "The server does not accept files of this size. Raise its limit (nginx: "
                         "client_max_body_size).");
    if (answer->status == 404 || answer->status == 405 || answer->status == 409 ||
        answer->status == 501)
        return hint(err, "The server does not accept uploads there. It must allow PUT (nginx: "
                         "dav_methods PUT DELETE MKCOL, create_full_put_path on).");
    if (answer->status == 507)
        return hint(err, "The disk of the server is full. Free some space there.");
    if (http_is_busy(answer))
        return hint(err, "The server failed. Check its log, and try again.");
    return -1;
}
