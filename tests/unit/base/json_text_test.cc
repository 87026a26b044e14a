#include "base/json_text.h"

#include <doctest/doctest.h>

using lockstep::json_text;

TEST_CASE("Quotes, backslashes and control characters are escaped; other bytes pass.") {
  CHECK(json_text("plain") == "\"plain\"");
  CHECK(json_text("a\"b\\c") == "\"a\\\"b\\\\c\"");
  CHECK(json_text(std::string_view("\n\0\x7f", 3)) == "\"\\u000a\\u0000\\u007f\"");
  CHECK(json_text("grün") == "\"grün\"");
}

TEST_CASE("A text cannot end the script element of a page it stands in.") {
  CHECK(json_text("</script>") == "\"\\u003c/script>\"");
}
