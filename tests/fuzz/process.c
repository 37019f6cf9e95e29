/* SPDX-License-Identifier: Apache-2.0 */
/* exec's process file, with and without what the options say, from text to the spec that zone init takes. */
#include <sys/mman.h>
#include <unistd.h>

#include "container/exec_process.c"
#include "tests/fuzz/json.h"
#include "tests/fuzz/zone.h"
#include "util/log.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return json_custom_mutator(&oci_process_table, data, size, max_size, seed);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return log_open("/dev/null", false, LOG_ERROR);
}

/* An option's text out of the end of the file, which JSON does not mind if it is white space. */
static void compile_with(const char *path, struct exec_options *options)
{
	struct spec spec = {0};
	struct error err = {0};
	struct oci_process *process;

	options->process = path;
	process = exec_process(options, NULL, &err);
	MUST(!process == !!err.message);
	if (process && compile_exec(process, NULL, &spec, &err) == 0)
		MUST(zone_decode(spec.data, spec.length));
	else
		MUST(err.message);
	spec_free(&spec);
	oci_process_free(process);
	error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "sh", *args[] = {name, NULL};
	struct exec_options plain = {0}, more = {
						 .user = "1000:1001",
						 .cwd = "/tmp",
						 .env = "A=B\0C=D\0",
						 .caps = "CAP_CHOWN\0",
						 .gids = "5\0",
						 .args = args,
						 .terminal = true,
						 .no_new_privileges = true,
					 };
	int fd = memfd_create("process", MFD_CLOEXEC);
	char path[32];

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	compile_with(path, &plain);
	compile_with(path, &more);
	close(fd);
	return 0;
}
