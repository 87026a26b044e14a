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

TEST_CASE("What is held back goes to the first server session, with the characteristics in front") {
  Transaction transaction;
  transaction.hold_back_characteristics("SET TRANSACTION READ ONLY", true, false);
  CHECK(transaction.held_back());
  CHECK_FALSE(transaction.open_but_held_back());
  transaction.hold_back_begin(false);
  CHECK(transaction.open_but_held_back());
  CHECK(transaction.read_only());
  CHECK(statements(transaction) == Statements{"SET TRANSACTION READ ONLY", "BEGIN"});
  CHECK_FALSE(transaction.may_move());
  transaction.start();
  CHECK_FALSE(transaction.held_back());
  CHECK(transaction.may_move());
}

TEST_CASE("A transaction moves until something in it has read or written, or cannot be repeated") {
  Transaction touched;
  touched.begin("BEGIN");
  CHECK(touched.may_move());
  touched.touch();
  CHECK_FALSE(touched.may_move());
  touched.begin("BEGIN");
  CHECK(touched.may_move());
  touched.lose_track();
  CHECK_FALSE(touched.may_move());
}

TEST_CASE("Only a few statements are held back, and no long ones") {
  Transaction transaction;
  for (std::size_t i = 0; i < Transaction::kHeldBackMax; ++i) {
    CHECK(transaction.can_hold_back("SET TRANSACTION READ WRITE"));
    transaction.hold_back_characteristics("SET TRANSACTION READ WRITE", false, true);
  }
  CHECK_FALSE(transaction.can_hold_back());
  CHECK_FALSE(Transaction().can_hold_back(std::string(Transaction::kHeldBackBytesMax + 1, ' ')));
}

}  // namespace
}  // namespace lockstep::proxy
