/* SPDX-License-Identifier: Apache-2.0 */
/* The table of cases: CASE(NAME) is case_NAME() and runs as NAME. BY_NAME: only if asked for, for it wants
 * something prepared. */
#ifndef BY_NAME
#define BY_NAME CASE
#endif

/* unlinked.c */
CASE(unlinked_read)
CASE(unlinked_write)
CASE(unlinked_attributes)
CASE(unlinked_folder)
CASE(unlinked_map)
CASE(unlinked_link)
CASE(renamed_over_open)
CASE(renamed_while_open)

/* names.c */
CASE(rename_kinds)
CASE(rename_flags)
CASE(rename_folder)
CASE(hard_links)
CASE(hard_link_errors)
CASE(symlinks)
CASE(inode_numbers)
CASE(name_length)
CASE(name_bytes)
CASE(deep_path)
CASE(path_length)

/* folders.c */
CASE(folder_links)
CASE(folder_types)
CASE(folder_many)
CASE(folder_seek)
CASE(folder_remove_while_reading)
CASE(folder_create_while_reading)
CASE(folder_rewind)
CASE(folder_errors)
BY_NAME(folder_100000)

/* open.c */
CASE(open_flags)
CASE(open_create)
CASE(open_kinds)
CASE(open_path)
CASE(open_tmpfile)
CASE(open_trunc)
CASE(open_many)
CASE(access_modes)
CASE(umask)

/* data.c */
CASE(append)
CASE(append_two)
CASE(write_at)
CASE(vectors)
CASE(sparse)
CASE(seek_hole)
CASE(large)
CASE(truncate)
CASE(allocate)
CASE(copy_range)
CASE(sync)
CASE(two_descriptors)
CASE(limit_size)
CASE(direct)
CASE(statfs)

/* errors.c */
CASE(error_paths)
CASE(error_descriptors)
CASE(error_many)
BY_NAME(full)
BY_NAME(read_only)
BY_NAME(devices)
BY_NAME(over_quota)

/* times.c */
CASE(times_set)
CASE(times_range)
CASE(times_file)
CASE(times_folder)
CASE(times_link)
CASE(times_map)
CASE(times_rights)
CASE(birth)

/* owners.c */
CASE(strip_write)
CASE(strip_truncate)
CASE(strip_chown)
CASE(strip_chmod)
CASE(set_group_folder)
CASE(owner_of_new)
CASE(chown_rights)
CASE(permissions)
CASE(permissions_folder)
CASE(permissions_execute)
CASE(sticky)
CASE(user_namespace)

/* nodes.c */
CASE(fifo)
CASE(fifo_blocking)
CASE(fifo_names)
CASE(socket)
CASE(device_nodes)
CASE(programs)

/* locks.c */
CASE(lock_fcntl)
CASE(lock_ranges)
CASE(lock_test)
CASE(lock_released)
CASE(lock_blocking)
CASE(lock_ofd)
CASE(lock_flock)
CASE(lock_flock_blocking)
CASE(lock_kinds)
CASE(lock_read_only)
CASE(lease)

/* maps.c */
CASE(map_shared)
CASE(map_private)
CASE(map_two)
CASE(map_truncated)
CASE(map_extend)
CASE(map_rights)

/* xattrs.c */
CASE(xattr_user)
CASE(xattr_sizes)
CASE(xattr_kinds)
CASE(xattr_rights)
CASE(xattr_capability)
CASE(acl_access)
CASE(acl_default)
CASE(acl_removal)

#undef BY_NAME
