/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HYPERCALLS_H
#define HYPERCALLS_H
#include "sys.h"

extern const struct lodger_hypercalls hypercalls;
#endif
