/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the host what it offers by trying it. Prints one NAME=VALUE a line for `lodger doctor`;
 * a value of "yes" means that it works, anything else says why not.
 */
#ifndef LODGER_PROBE_H
#define LODGER_PROBE_H

/* Each returns "yes" or a reason. They change the process they run in: call them in a child. */
const char *try_seccomp_filter(void);
const char *try_seccomp_notification(void);
const char *try_killable_wait(void);
const char *try_memfd_exec(void);
const char *try_protection_keys(void);
const char *try_user_dispatch(void);
const char *try_signal_stack_key(void);
const char *try_xsave(void);
const char *try_fsgsbase(void);
const char *try_user_namespace(void);
const char *try_tap(void);
const char *try_kvm(void);

#endif
