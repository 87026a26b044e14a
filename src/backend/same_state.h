#pragma once

#include "session/facets.h"

namespace lockstep::backend {

/// Equal but for multi-statements: few texts are read by these, and they are set in front of those that are.
/// A session on which lockstep has sent a guarded text has them on, whatever its client wants.
inline bool same_state(const session::Facets& there, session::Facets wanted) {
  wanted.multi_statements = there.multi_statements;
  return there == wanted;
}

}  // namespace lockstep::backend
