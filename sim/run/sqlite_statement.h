// One SQL statement: text, numbers in, columns out, finalized at the end of its life.
#ifndef KEEPSIM_SIM_RUN_SQLITE_STATEMENT_H_
#define KEEPSIM_SIM_RUN_SQLITE_STATEMENT_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace keepsim {

// Errors show as a Step() that is neither row nor end, with the reason in the database.
class Statement {
 public:
  Statement(sqlite3* db, absl::string_view sql) {
    (void)sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // In the order of the question marks.
  Statement& Bind(int64_t x) {
    sqlite3_bind_int64(statement_, ++bound_, x);
    return *this;
  }
  Statement& Bind(double x) {
    sqlite3_bind_double(statement_, ++bound_, x);
    return *this;
  }
  Statement& Bind(absl::string_view x) {
    sqlite3_bind_text(statement_, ++bound_, x.data(), static_cast<int>(x.size()), SQLITE_TRANSIENT);
    return *this;
  }
  // Begins anew, with other values.
  void Reset() {
    sqlite3_reset(statement_);
    bound_ = 0;
  }

  // SQLITE_ROW, SQLITE_DONE, or what went wrong.
  int Step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }
  int64_t Integer(int column) { return sqlite3_column_int64(statement_, column); }
  double Real(int column) { return sqlite3_column_double(statement_, column); }
  std::string Text(int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return text == nullptr
               ? std::string()
               : std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SQLITE_STATEMENT_H_
