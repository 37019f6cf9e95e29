/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/share.h"

#include <errno.h>

enum share_answer share_message(
	struct share *share, const uint8_t *message, size_t length, struct p9_writer *reply)
{
	struct p9_request request;
	int result = p9_decode(message, length, &request);

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
