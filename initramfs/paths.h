/* SPDX-License-Identifier: Apache-2.0 */
/* Paths within a root that somebody else filled: no symlink in it leads out. All return an O_PATH descriptor.
 */
#ifndef XENRUN_PATHS_H
#define XENRUN_PATHS_H

enum path_kind { PATH_FOLDER, PATH_FILE };

int path_open(int root, const char *path);

/* The same, made when it is missing: its parents as folders, itself as `kind`. */
int path_make(int root, const char *path, enum path_kind kind);

/* The folder that `path` is in, made when it is missing; *name is the last part, within `path`. */
int path_parent(int root, const char *path, const char **name);

#endif
