/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/share.h"

#include <errno.h>
#include <string.h>

static bool is_too_long(struct share *share, size_t length)
{
	if (share->msize == 0 || length <= share->msize)
		return false;
	share->broken = "a request longer than msize";
	return true;
}

enum share_answer share_message(
	struct share *share, const uint8_t *message, size_t length, struct p9_writer *reply)
{
	struct p9_request request;
	int result;

	if (is_too_long(share, length))
		return SHARE_BROKEN;
	result = p9_decode(message, length, &request);
	if (result == -EBADMSG) {
		share->broken = "a malformed message";
		return SHARE_BROKEN;
	}
	if (result < 0) {
		p9_reply_error(reply, request.tag, -result);
		return SHARE_ANSWERED;
	}
	return share->request(share, &request, reply);
}

enum share_answer share_write(struct share *share, const uint8_t *head, size_t length,
	const struct iovec pieces[2], int piece_count, struct p9_writer *reply)
{
	struct p9_request request;

	if (is_too_long(share, length))
		return SHARE_BROKEN;
	if (p9_decode_write(head, length, pieces, piece_count, &request) < 0) {
		share->broken = "a malformed message";
		return SHARE_BROKEN;
	}
	return share->request(share, &request, reply);
}

int share_version(struct share *share, const struct p9_request *request, struct p9_writer *reply)
{
	const struct p9_string *version = &request->u.version.version;
	uint32_t msize = request->u.version.msize;

	share->msize = 0;
	if (msize > share->max_msize)
		msize = share->max_msize;
	if (version->length != strlen(P9_VERSION) ||
		memcmp(version->data, P9_VERSION, version->length) != 0) {
		p9_reply_version(reply, request->tag, msize, "unknown");
		return 0;
	}
	if (msize < P9_MIN_MSIZE)
		return -EMSGSIZE;
	share->msize = msize;
	p9_reply_version(reply, request->tag, msize, P9_VERSION);
	return 0;
}
