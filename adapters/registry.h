/* registry: the adapters that there are. Of the files of adapters/ alone. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "adapters/warehouse.h"

extern const struct warehouse_ops postgres_ops;
extern const struct dialect pg_dialect;

#endif
