import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.mariadb.jdbc.MariaDbPoolDataSource;

/** MariaDB Connector/J. usage: MariaDbConnectorJ PORT DATABASE KIND */
class MariaDbConnectorJ extends Jdbc {
  static String url;

  static Connection connect(String options) throws SQLException {
    String always = "?allowMultiQueries=true&allowLocalInfile=true&allowPublicKeyRetrieval=true&";
    return DriverManager.getConnection(url + always + options, "app", "app");
  }

  public static void main(String[] arguments) throws Exception {
    url = "jdbc:mariadb://127.0.0.1:" + arguments[0] + "/" + arguments[1];
    kind = arguments[2];
    // What the driver does by default: texts with the values in them; then what applications are told to set.
    for (String options : List.of("useServerPrepStmts=false",
        "useServerPrepStmts=true&cachePrepStmts=true&useBulkStmts=true&rewriteBatchedStatements=true")) {
      try (Connection one = connect(options); Connection two = connect(options)) {
        dialogue(one, two, options.contains("Stmts=true") ? "prepared" : "text");
        fact("streamed", streamed(one, 10), 52 * 52);
        one.setClientInfo("ApplicationName", "compat");
      }
    }
    try (Connection one = connect("useResetConnection=true")) {
      locallyLoaded(one);
      cancelling(() -> connect(""));
      run(one, "SET @mine = 1, time_zone = '+03:00'");
      one.unwrap(org.mariadb.jdbc.Connection.class).reset();
      seen("reset", rows(one, "SELECT @mine, @@time_zone"));
    }
    try (Connection other = connect("sessionVariables=time_zone='+02:00'&transactionIsolation=SERIALIZABLE")) {
      fact("settings by the login", value(other, "SELECT @@time_zone"), "+02:00");
      fact("isolation by the login", other.getTransactionIsolation(), Connection.TRANSACTION_SERIALIZABLE);
    }
    String pool = "?user=app&password=app&maxPoolSize=1&useResetConnection=true&allowPublicKeyRetrieval=true";
    try (MariaDbPoolDataSource source = new MariaDbPoolDataSource(url + pool)) {
      for (int i = 0; i < 3; i++) {
        try (Connection one = source.getConnection()) {
          seen("of the pool", rows(one, "SELECT @mine, @@time_zone, @@autocommit"));
          run(one, "SET @mine = 1, time_zone = '+05:00'");
          one.setAutoCommit(false);
          run(one, "DELETE FROM things");
        }
      }
    }
    try (Connection one = connect("socketTimeout=1000")) {
      fact("nothing deleted", value(one, "SELECT COUNT(*) FROM things"), "54");
      seen("socketTimeout", ended(() -> value(one, "SELECT SLEEP(2)")));
    }
    System.exit(wrong ? 1 : 0);
  }
}
