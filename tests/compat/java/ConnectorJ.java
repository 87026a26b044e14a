import com.mysql.cj.jdbc.MysqlConnectionPoolDataSource;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import javax.sql.PooledConnection;

/** MySQL Connector/J. usage: ConnectorJ PORT DATABASE KIND */
class ConnectorJ extends Jdbc {
  static String url;

  static Connection connect(String options) throws SQLException {
    String always = "?allowMultiQueries=true&allowLoadLocalInfile=true&allowPublicKeyRetrieval=true&";
    return DriverManager.getConnection(url + always + options, "app", "app");
  }

  public static void main(String[] arguments) throws Exception {
    url = "jdbc:mysql://127.0.0.1:" + arguments[0] + "/" + arguments[1];
    kind = arguments[2];
    if (kind.equals("mariadb")) {
      // By its greeting the driver takes MariaDB for a MySQL 5.5, which has no fractions of seconds.
      at = at.withNano(0);
      biggest = BigInteger.valueOf(Long.MAX_VALUE);
    }
    // What the driver does by default: texts with the values in them; then what applications are told to set.
    for (String options : List.of("useServerPrepStmts=false",
        "useServerPrepStmts=true&cachePrepStmts=true&rewriteBatchedStatements=true&useLocalSessionState=true"
            + "&cacheServerConfiguration=true&elideSetAutoCommits=true")) {
      try (Connection one = connect(options); Connection two = connect(options)) {
        dialogue(one, two, options.contains("Stmts=true") ? "prepared" : "text");
        fact("streamed", streamed(one, Integer.MIN_VALUE), 52 * 52);
      }
    }
    try (Connection cursors = connect("useCursorFetch=true"); Connection one = connect("")) {
      fact("by a cursor", streamed(cursors, 100), 52 * 52);
      locallyLoaded(one);
      cancelling(() -> connect(""));
      one.unwrap(com.mysql.cj.jdbc.JdbcConnection.class).changeUser("app", "app");
      fact("changeUser", value(one, "SELECT CURRENT_USER()"), "app@%");
      run(one, "SET @mine = 1, time_zone = '+03:00'");
      one.unwrap(com.mysql.cj.jdbc.JdbcConnection.class).resetServerState();
      seen("resetServerState", rows(one, "SELECT @mine, @@time_zone"));
    }
    String elsewhere = "connectionTimeZone=%2B02:00&forceConnectionTimeZoneToSession=true";
    try (Connection latin1 = connect("characterEncoding=ISO-8859-1&" + elsewhere)) {
      fact("latin1", rows(latin1, "SELECT HEX(?), LEFT(name, 3), @@time_zone FROM things WHERE id = 1", "ë"),
          List.of(List.of("EB", "Zoë", "+02:00")));
    }
    MysqlConnectionPoolDataSource source = new MysqlConnectionPoolDataSource();
    source.setUrl(url + "?allowPublicKeyRetrieval=true");
    PooledConnection pooled = source.getPooledConnection("app", "app");
    for (int i = 0; i < 2; i++) {
      try (Connection one = pooled.getConnection()) {
        fact("of the pool", value(one, "SELECT @@autocommit"), "1");
        one.setAutoCommit(false);
        run(one, "DELETE FROM things");
      }
    }
    pooled.close();
    try (Connection one = connect("socketTimeout=1000")) {
      fact("nothing deleted", value(one, "SELECT COUNT(*) FROM things"), "54");
      seen("socketTimeout", ended(() -> value(one, "SELECT SLEEP(2)")));
    }
    System.exit(wrong ? 1 : 0);
  }
}
