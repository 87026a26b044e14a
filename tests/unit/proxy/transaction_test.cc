#include "proxy/transaction.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace lockstep::proxy {
namespace {

using Statements = std::vector<std::string>;

Statements statements(const Transaction& transaction) {
  return {transaction.statements().begin(), transaction.statements().end()};
}

TEST_CASE("a server that joins is sent how the transaction began and its savepoints, in their order") {
  Transaction transaction;
  CHECK(transaction.statements().empty());
  transaction.begin("START TRANSACTION READ ONLY");
  transaction.savepoint("SAVEPOINT a");
  transaction.savepoint("SAVEPOINT b");
  CHECK(statements(transaction) == Statements{"START TRANSACTION READ ONLY", "SAVEPOINT a", "SAVEPOINT b"});
}

TEST_CASE("a transaction that begins ends the one before it, with its savepoints") {
  Transaction transaction;
  transaction.begin("BEGIN");
  transaction.savepoint("SAVEPOINT a");
  transaction.begin("START TRANSACTION");
  CHECK(statements(transaction) == Statements{"START TRANSACTION"});
}

TEST_CASE("a text of any length follows one of any other") {
  Transaction transaction;
  for (const std::size_t size :
       {std::size_t{5}, std::size_t{100'000}, std::size_t{200}, std::size_t{0}, std::size_t{50}}) {
    CAPTURE(size);
    const std::string text(size, 'x');
    transaction.begin(text);
    transaction.savepoint("SAVEPOINT a");
    CHECK(statements(transaction) == Statements{text, "SAVEPOINT a"});
  }
}

TEST_CASE("too many savepoints show as an overflow, and the transaction's end forgets it") {
  Transaction transaction;
  transaction.begin("BEGIN");
  for (std::size_t i = 0; i < Transaction::kSavepointsMax; ++i) transaction.savepoint("SAVEPOINT a");
  CHECK_FALSE(transaction.overflowed());
  CHECK(transaction.statements().size() == 1 + Transaction::kSavepointsMax);
  transaction.savepoint("SAVEPOINT one_too_many");
  CHECK(transaction.overflowed());
  CHECK(transaction.statements().size() == 1 + Transaction::kSavepointsMax);
  transaction.clear();
  CHECK_FALSE(transaction.overflowed());
  CHECK(transaction.statements().empty());
}

}  // namespace
}  // namespace lockstep::proxy
