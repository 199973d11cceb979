/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lists of processes show. A short name has 15 bytes, so the role comes first and the name of
 * the guest is cut: kernel:NAME, spawner:NAME, user:NAME. A command line is lodger:NAME and the
 * role. The host reads it in a process's own memory, and those that run guest programs have
 * unmapped the stack that it was on; so they keep a page for it.
 */
#ifndef TITLE_H
#define TITLE_H

/* Takes the first argument, lodger:NAME, which must stay where it is. */
void title_init(const char *argument);

/* Sets the short name. A mapper keeps that of its user task: it cannot change it. */
void title_short(const char *role);

/* Makes the page for the spawner, which sets both names, and for all its children. */
void title_spawner(void);

/* Sets both names of a child of the spawner. */
void title_user(void);
#endif
