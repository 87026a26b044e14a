import java.io.InputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLSyntaxErrorException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/** What JDBC has for every database: the same calls, so the same facts. Each driver's class adds what is its own. */
class Jdbc {
  static final String NAME = "Zoë 🎈";
  static BigInteger biggest = new BigInteger("18446744073709551615");
  static final BigDecimal DECIMAL = new BigDecimal("12345678901234567890.0123456789");
  static final LocalDate DAY = LocalDate.of(2024, 2, 29);
  static LocalDateTime at = LocalDateTime.of(2024, 2, 29, 23, 59, 59, 999_999_000);
  static final byte[] EVERY_BYTE = new byte[256];
  static boolean wrong;
  static String kind;

  static {
    for (int i = 0; i < 256; i++) EVERY_BYTE[i] = (byte) i;
  }

  static void seen(String name, Object value) {
    System.out.println(name + ": " + value);
  }

  static void fact(String name, Object value, Object expected) {
    seen(name, value);
    if (!Objects.equals(value, expected)) {
      System.err.println(name + " is " + value + ", not " + expected);
      wrong = true;
    }
  }

  interface Action {
    void run() throws Exception;
  }

  static <E extends Exception> E errorOf(Class<E> kind, Action action) throws Exception {
    try {
      action.run();
    } catch (Exception error) {
      if (kind.isInstance(error)) return kind.cast(error);
      throw error;
    }
    throw new AssertionError("an error was to come");
  }

  static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** All rows, their columns as strings. */
  static List<List<String>> rows(Connection connection, String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) statement.setObject(i + 1, parameters[i]);
      return rows(statement.executeQuery());
    }
  }

  static List<List<String>> rows(ResultSet result) throws SQLException {
    List<List<String>> found = new ArrayList<>();
    while (result.next()) {
      String[] row = new String[result.getMetaData().getColumnCount()];
      for (int i = 0; i < row.length; i++) row[i] = result.getString(i + 1);
      found.add(Arrays.asList(row));
    }
    return found;
  }

  static String value(Connection connection, String sql, Object... parameters) throws SQLException {
    return rows(connection, sql, parameters).get(0).get(0);
  }

  static void dialogue(Connection one, Connection two, String how) throws Exception {
    values(one, how);
    transactions(one, two);
    settings(one, two);
    results(one);
    errors(one);
    metadata(one);
  }

  static void values(Connection connection, String how) throws Exception {
    run(connection, "DROP TABLE IF EXISTS things");
    run(connection, "CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, big BIGINT UNSIGNED,"
        + " amount DECIMAL(30, 10), day DATE, at DATETIME(6), data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4");
    try (PreparedStatement insert = connection.prepareStatement(
        "INSERT INTO things (name, big, amount, day, at, data) VALUES (?, ?, ?, ?, ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
      insert.setString(1, NAME);
      insert.setObject(2, biggest);
      insert.setBigDecimal(3, DECIMAL);
      insert.setObject(4, DAY);
      insert.setObject(5, at);
      insert.setBytes(6, EVERY_BYTE);
      fact(how + ": inserted", insert.executeUpdate(), 1);
      fact(how + ": generated key", key(insert), 1L);
      int[] types = {Types.VARCHAR, Types.BIGINT, Types.DECIMAL, Types.DATE, Types.TIMESTAMP, Types.BLOB};
      for (int i = 0; i < 6; i++) insert.setNull(i + 1, types[i]);
      insert.executeUpdate();
      fact(how + ": generated key of NULLs", key(insert), 2L);
    }
    try (PreparedStatement select = connection.prepareStatement("SELECT name, big, amount, day, at, data FROM things WHERE id = ?")) {
      select.setLong(1, 1);
      ResultSet row = select.executeQuery();
      row.next();
      fact(how + ": name", row.getString(1), NAME);
      fact(how + ": unsigned", row.getObject(2), biggest);
      fact(how + ": decimal", row.getBigDecimal(3), DECIMAL);
      fact(how + ": date", row.getObject(4, LocalDate.class), DAY);
      fact(how + ": datetime", row.getObject(5, LocalDateTime.class), at);
      fact(how + ": blob", Arrays.equals(row.getBytes(6), EVERY_BYTE), true);
      try (InputStream stream = row.getBinaryStream(6)) {
        fact(how + ": blob as a stream", stream.readAllBytes().length, 256);
      }
      select.setLong(1, 2);
      row = select.executeQuery();
      row.next();
      fact(how + ": NULLs", row.getObject(1) == null && row.getObject(2) == null && row.getLong(2) == 0 && row.wasNull(), true);
    }
    batch(connection, how);
  }

  static long key(Statement statement) throws SQLException {
    ResultSet keys = statement.getGeneratedKeys();
    keys.next();
    return keys.getLong(1);
  }

  static void batch(Connection connection, String how) throws Exception {
    String sql = "INSERT INTO things (name, big) VALUES (?, ?)";
    try (PreparedStatement insert = connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)) {
      for (int i = 0; i < 50; i++) {
        insert.setString(1, "batch " + i);
        insert.setInt(2, i);
        insert.addBatch();
      }
      fact(how + ": batch", insert.executeBatch().length, 50);
      ResultSet keys = insert.getGeneratedKeys();
      int count = 0;
      while (keys.next()) count++;
      seen(how + ": keys of the batch", count);
    }
    fact(how + ": sum of the batch", value(connection, "SELECT SUM(big) FROM things WHERE id > 2"), "1225");
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO things (name) VALUES (?)")) {
      for (String name : new String[] {"new", NAME, "newer"}) {
        insert.setString(1, name);
        insert.addBatch();
      }
      BatchUpdateException error = errorOf(BatchUpdateException.class, insert::executeBatch);
      fact(how + ": a batch fails", error.getErrorCode(), 1062);
    }
    run(connection, "DELETE FROM things WHERE name LIKE 'new%'");
  }

  static void transactions(Connection one, Connection two) throws Exception {
    one.setAutoCommit(false);
    run(one, "UPDATE things SET big = 7 WHERE id = 2");
    fact("uncommitted, elsewhere", value(two, "SELECT big FROM things WHERE id = 2"), null);
    one.rollback();
    run(one, "UPDATE things SET big = 8 WHERE id = 2");
    Savepoint named = one.setSavepoint("one");
    run(one, "UPDATE things SET big = 9 WHERE id = 2");
    one.rollback(named);
    Savepoint unnamed = one.setSavepoint();
    one.releaseSavepoint(unnamed);
    one.commit();
    fact("committed, elsewhere", value(two, "SELECT big FROM things WHERE id = 2"), "8");
    one.setAutoCommit(true);
    one.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    fact("isolation", one.getTransactionIsolation(), Connection.TRANSACTION_SERIALIZABLE);
    seen("isolation of the server", value(one, "SELECT @@tx_isolation".replace("tx", kind.equals("mysql") ? "transaction" : "tx")));
    one.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    one.setReadOnly(true);
    one.setAutoCommit(false);
    seen("read only", ended(() -> run(one, "DELETE FROM things")));
    one.rollback();
    one.setAutoCommit(true);
    one.setReadOnly(false);
  }

  static void settings(Connection one, Connection two) throws Exception {
    run(one, "SET time_zone = '+03:00', @mine = 'one'");
    fact("settings of one", rows(one, "SELECT @@time_zone, @mine"), List.of(List.of("+03:00", "one")));
    fact("settings of two", rows(two, "SELECT @@time_zone, @mine IS NULL"), List.of(List.of("SYSTEM", "1")));
    run(one, "SET time_zone = DEFAULT, @mine = NULL");
    one.setCatalog("test");
    fact("catalog", value(one, "SELECT DATABASE()"), "test");
    one.setCatalog(two.getCatalog());
    fact("valid", one.isValid(5), true);
  }

  static void results(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      boolean isResult = statement.execute("SELECT 1; UPDATE things SET big = 6 WHERE id = 3; SELECT 2; SELECT 3");
      StringBuilder found = new StringBuilder();
      while (isResult || statement.getUpdateCount() != -1) {
        found.append(isResult ? rows(statement.getResultSet()) : statement.getUpdateCount() + " rows").append(' ');
        isResult = statement.getMoreResults();
      }
      fact("several", found.toString(), "[[1]] 1 rows [[2]] [[3]] ");
    }
    run(connection, "DROP PROCEDURE IF EXISTS twice");
    run(connection, "CREATE PROCEDURE twice(IN n INT, OUT doubled INT, INOUT counted INT)"
        + " BEGIN SELECT n; SET doubled = n * 2; SET counted = counted + 1; END");
    try (CallableStatement call = connection.prepareCall("{CALL twice(?, ?, ?)}")) {
      call.setInt(1, 21);
      call.registerOutParameter(2, Types.INTEGER);
      call.setInt(3, 9);
      call.registerOutParameter(3, Types.INTEGER);
      fact("procedure has a result", call.execute(), true);
      fact("procedure's result", rows(call.getResultSet()), List.of(List.of("21")));
      fact("procedure's parameters", call.getInt(2) + " " + call.getInt(3), "42 10");
    }
    try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
      ResultSet row = statement.executeQuery("SELECT id, name, big FROM things WHERE id = 3");
      row.first();
      row.updateLong("big", 77);
      row.updateRow();
      fact("updated in place", value(connection, "SELECT big FROM things WHERE id = 3"), "77");
    }
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery("SELECT CAST('12x' AS SIGNED)").next();
      SQLWarning warning = statement.getWarnings();
      fact("warning", warning == null ? 0 : warning.getErrorCode(), 1292);
    }
  }

  /** Counts rows that come as they are read. */
  static int streamed(Connection connection, int fetchSize) throws SQLException {
    try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
      statement.setFetchSize(fetchSize);
      ResultSet result = statement.executeQuery("SELECT a.id FROM things a JOIN things b");
      int count = 0;
      while (result.next()) count++;
      return count;
    }
  }

  static void errors(Connection connection) throws Exception {
    SQLException duplicate = errorOf(SQLIntegrityConstraintViolationException.class,
        () -> run(connection, "INSERT INTO things (id) VALUES (1)"));
    seen("duplicate key", duplicate.getErrorCode() + " " + duplicate.getSQLState() + " " + text(duplicate));
    fact("duplicate key's number", duplicate.getErrorCode(), 1062);
    SQLException unknown = errorOf(SQLSyntaxErrorException.class,
        () -> rows(connection, "SELECT * FROM missing WHERE id = ?", 1));
    fact("unknown table", unknown.getErrorCode(), 1146);
    fact("nonsense", errorOf(SQLSyntaxErrorException.class, () -> run(connection, "NONSENSE")).getErrorCode(), 1064);
    fact("after errors", value(connection, "SELECT 1"), "1");
  }

  /** Without the connection's id, which MariaDB's driver puts in front. */
  static String text(SQLException error) {
    return error.getMessage().replaceFirst("^\\(conn=\\d+\\) ", "");
  }

  static void metadata(Connection connection) throws Exception {
    try (PreparedStatement statement = connection.prepareStatement("SELECT id, name AS called, big, amount, at, data, 1 + 1 FROM things")) {
      ResultSetMetaData columns = statement.executeQuery().getMetaData();
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        seen("column", columns.getColumnLabel(i) + " " + columns.getColumnName(i) + " " + columns.getTableName(i) + " "
            + columns.getColumnTypeName(i) + " " + columns.getPrecision(i) + " " + columns.isNullable(i) + " " + columns.isAutoIncrement(i));
      }
    }
    ResultSet primary = connection.getMetaData().getPrimaryKeys(connection.getCatalog(), null, "things");
    primary.next();
    fact("primary key", primary.getString("COLUMN_NAME"), "id");
    ResultSet columns = connection.getMetaData().getColumns(connection.getCatalog(), null, "things", "%");
    while (columns.next()) seen("column of the table", columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"));
  }

  static void locallyLoaded(Connection connection) throws Exception {
    Path file = Path.of("rows.txt").toAbsolutePath();
    Files.writeString(file, "loaded 1\t1\nloaded 2\t2\n");
    try (Statement statement = connection.createStatement()) {
      fact("LOAD DATA LOCAL", statement.executeUpdate("LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE things (name, big)"), 2);
    }
  }

  interface Connector {
    Connection connect() throws SQLException;
  }

  /** What the driver's own time limit and its cancel come to, each on a connection that is not asked again. */
  static void cancelling(Connector connector) throws Exception {
    String slow = "SELECT SLEEP(0.1) FROM things LIMIT 25";
    try (Connection connection = connector.connect(); Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      seen("query timeout", ended(() -> statement.executeQuery(slow).next()));
    }
    try (Connection connection = connector.connect(); Statement statement = connection.createStatement()) {
      AtomicBoolean over = new AtomicBoolean();
      String[] cancel = {"no error"};
      // A cancel that comes before the statement runs, or after it, does nothing, so there are several.
      Thread other = new Thread(() -> {
        while (!over.get()) {
          String end = ended(() -> {
            Thread.sleep(100);
            statement.cancel();
          });
          if (!end.equals("no error")) cancel[0] = end;
        }
      });
      other.start();
      String asked = ended(() -> statement.executeQuery(slow).next());
      over.set(true);
      other.join();
      seen("cancel", cancel[0]);
      // Which of its two exceptions Connector/J throws depends on which of its threads is first.
      seen("cancelled", asked.equals("no error") ? asked : "an error");
    }
  }

  static String ended(Action action) {
    try {
      action.run();
      return "no error";
    } catch (Exception error) {
      return error.getClass().getSimpleName() + (error instanceof SQLException sql ? " " + sql.getErrorCode() : "");
    }
  }
}
