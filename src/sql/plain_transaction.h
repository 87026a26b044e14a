#pragma once

#include <cstdint>
#include <string_view>

#include "sql/dialect.h"

namespace lockstep::sql {

/// Statements about transactions whose whole effect and whole answer their text tells, as long as nothing has
/// been read or written: no server is needed to answer them.
enum class PlainTransaction : std::uint8_t {
  none,                 ///< something else, or something in it that only a server can judge
  begin,                ///< BEGIN [WORK], START TRANSACTION
  begin_read_only,      ///< START TRANSACTION READ ONLY
  commit,               ///< COMMIT [WORK]
  rollback,             ///< ROLLBACK [WORK]
  set_next,             ///< SET TRANSACTION ISOLATION LEVEL …
  set_next_read_only,   ///< SET TRANSACTION [ISOLATION LEVEL …,] READ ONLY, in either order
  set_next_read_write,  ///< the same with READ WRITE
  set_autocommit_off,   ///< SET [SESSION] autocommit = 0 | OFF
  set_autocommit_on,    ///< SET [SESSION] autocommit = 1 | ON
};

/// What `text`, the whole of a command, is. One `;` may end it. START TRANSACTION READ WRITE is none of them,
/// since a read-only server refuses it, nor is WITH CONSISTENT SNAPSHOT, which counts from the moment at
/// which the server reads it.
PlainTransaction plain_transaction(std::string_view text, const Dialect& dialect);

}  // namespace lockstep::sql
