"""The drivers: how each is installed, how its script is run, and what docs/differences.md says of its facts."""

import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess

from testbed.failure import Failure
from testbed.mysql_root import MysqlRoot

HERE = pathlib.Path(__file__).resolve().parent
INSTALL_SECONDS = 900
BOTH = ("mariadb-1", "mysql-1")

# The files that a kit is made from; all, where programs are compiled.
MADE_FROM = {"python": "requirements.txt", "node": "package*.json", "php": "", "perl": "", "cli": ""}

# The row of docs/differences.md that these facts go back to.
EXTENDED = "None of MariaDB's extended capabilities: progress reports, bulk execution"


@dataclasses.dataclass(frozen=True)
class Driver:
    name: str
    kit: str
    command: tuple
    servers: tuple = BOTH
    # What a fact is through lockstep where docs/differences.md has a row for it: (server, fact) to (value, row).
    differs: dict = dataclasses.field(default_factory=dict)


class Kits:
    """What the drivers of one language need, kept in the state folder and made again when a file of it changes."""

    def __init__(self, state):
        self.state = state
        self.folder = state.folder / "compat"
        # MySQL's library is that of the folder where MySQL lives, and so what is linked with it runs there.
        self.mysql_root = MysqlRoot(state)
        self.in_mysql_root = self.mysql_root.folder / "srv" / "compat-libmysqlclient"
        self.environment = {
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "PIP_CACHE_DIR": str(self.folder / "pip-cache"),
            "npm_config_cache": str(self.folder / "npm-cache"),
            "GOMODCACHE": str(self.folder / "go-modules"),
            "GOCACHE": str(self.folder / "go-cache"),
            "CARGO_TARGET_DIR": str(self.folder / "rust"),
            "NODE_PATH": str(self.folder / "node" / "node_modules"),
            "CLASSPATH": f"{self.folder}/java/jars/*:{self.folder}/java/classes",
            "PERL5LIB": str(HERE / "perl"),
        }

    def ensure(self, kit):
        """Makes the kit and returns True, unless it is there. What fails is told with the command that failed."""
        with self.state.locked(f"compat-{kit}"):
            made = self.folder / f"{kit}.made"
            digest = self._digest(kit)
            if made.exists() and made.read_text() == digest and (kit != "c" or self.in_mysql_root.exists()):
                return False
            made.unlink(missing_ok=True)
            (self.folder / kit).mkdir(parents=True, exist_ok=True)
            getattr(self, kit)(HERE / kit, self.folder / kit)
            made.write_text(digest)
            return True

    def _digest(self, kit):
        digest = hashlib.sha256()
        for path in sorted((HERE / kit).rglob(MADE_FROM.get(kit, "*"))):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    def _run(self, *command, cwd=HERE):
        log = self.folder / "install.log"
        told = " ".join(map(str, command))
        with open(log, "ab") as output:
            output.write(f"$ {told}\n".encode())
            output.flush()
            begin = output.tell()
            try:
                status = subprocess.run(command, cwd=cwd, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=output, timeout=INSTALL_SECONDS, check=False).returncode
            except FileNotFoundError as error:
                raise Failure(f"{told}\nfailed: there is no {error.filename}; run tools/setup") from error
            except subprocess.TimeoutExpired as error:
                raise Failure(f"{told}\nis not done after {INSTALL_SECONDS} s; see {log}") from error
        if status != 0:
            last = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()[-15:]
            raise Failure("\n".join([told, f"failed with status {status}; its last words of {log}:", *last]))

    def cli(self, source, folder):
        self.mysql_root.ensure(lambda text: None)

    def c(self, source, folder):
        compile = ("gcc", "-Wall", "-Werror", "-O1", source / "facts.c", "-o")
        self._run(*compile, folder / "libmariadb", "-I/usr/include/mariadb", "-lmariadb")
        self.mysql_root.ensure(lambda text: None)
        usr = self.mysql_root.folder / "usr"
        library = next(usr.glob("lib/*/libmysqlclient.so"), None)
        if library is None:
            raise Failure(f"there is no libmysqlclient.so in {usr}/lib: MySQL's folder lacks libmysqlclient-dev")
        # The library wants a newer C library than this system's, which matters only when it runs.
        self._run(*compile, self.in_mysql_root, f"-I{usr}/include/mysql", "-idirafter", usr / "include",
                  f"-L{library.parent}", "-lmysqlclient", "-Wl,--unresolved-symbols=ignore-in-shared-libs")

    def python(self, source, folder):
        self._run("/usr/bin/python3", "-m", "venv", "--clear", folder)
        self._run(folder / "bin" / "pip", "install", "--no-deps", "-r", source / "requirements.txt")

    def node(self, source, folder):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder / name)
        self._run("npm", "ci", "--no-audit", "--no-fund", cwd=folder)

    def go(self, source, folder):
        self._run("go", "build", "-mod=readonly", "-buildvcs=false", "-o", f"{folder}/", "./...", cwd=source)

    def java(self, source, folder):
        self._run("mvn", "-B", "-q", "-f", source / "pom.xml", f"-Dmaven.repo.local={self.folder}/maven",
                  "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
                  f"-DoutputDirectory={folder}/jars")
        self._run("javac", "-d", folder / "classes", *sorted(source.glob("*.java")))

    def rust(self, source, folder):
        self._run("cargo", "build", "--locked", "--manifest-path", source / "Cargo.toml")

    def php(self, source, folder):
        self._run("php", "-r", "exit(extension_loaded('mysqli') && extension_loaded('pdo_mysql') ? 0 : 1);")

    def perl(self, source, folder):
        self._run("perl", "-MDBD::MariaDB", "-MDBD::mysql", "-e", "1")

    def drivers(self):
        def script(*path):
            return str(HERE.joinpath(*path))

        python, kit = str(self.folder / "python" / "bin" / "python"), self.folder
        root = self.mysql_root
        java = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
        return [
            Driver("mariadb", "cli", ("bash", script("cli", "facts"), "mariadb", "mariadb-dump")),
            Driver("mysql", "cli", ("bash", script("cli", "facts"), "mysql", "mysqldump", *root.command())),
            Driver("libmariadb", "c", (str(kit / "c" / "libmariadb"),)),
            Driver("libmysqlclient", "c", tuple(root.command(root.inside(self.in_mysql_root)))),
            Driver("mysqlclient", "python", (python, script("python", "mysqlclient_facts.py"))),
            Driver("PyMySQL", "python", (python, script("python", "pymysql_facts.py"))),
            Driver("Connector/Python, pure", "python", (python, script("python", "connector_facts.py"), "pure")),
            Driver("Connector/Python, C", "python", (python, script("python", "connector_facts.py"), "c")),
            Driver("SQLAlchemy", "python", (python, script("python", "sqlalchemy_facts.py"))),
            Driver("Django", "python", (python, script("python", "django_facts.py"))),
            Driver("mysql2", "node", ("node", script("node", "mysql2.js"))),
            # It has no caching_sha2_password, which MySQL 9 insists on.
            Driver("mysql (Node)", "node", ("node", script("node", "mysql.js")), ("mariadb-1",)),
            # Without bulk execution, it sends a batch as fifty statements.
            Driver("mariadb (Node)", "node", ("node", script("node", "mariadb.js")),
                   differs={("mariadb-1", "results of a batch"): ("50", EXTENDED)}),
            # The metadata alone tells that a LONGTEXT is meant as JSON.
            Driver("Sequelize", "node", ("node", script("node", "sequelize.js")),
                   differs={("mariadb-1", "about"): (r'"{\"likes\":[\"🎈\",null]}"', EXTENDED)}),
            Driver("go-sql-driver", "go", (str(kit / "go" / "driver"),)),
            Driver("GORM", "go", (str(kit / "go" / "orm"),)),
            Driver("Connector/J", "java", (*java, "ConnectorJ")),
            Driver("MariaDB Connector/J", "java", (*java, "MariaDbConnectorJ")),
            Driver("mysqli", "php", ("php", "-d", "mysqli.allow_local_infile=1", script("php", "mysqli.php"))),
            Driver("PDO", "php", ("php", script("php", "pdo.php"))),
            Driver("DBD::MariaDB", "perl", ("perl", script("perl", "dbd_mariadb.pl"))),
            Driver("DBD::mysql", "perl", ("perl", script("perl", "dbd_mysql.pl"))),
            Driver("mysql (Rust)", "rust", (str(kit / "rust" / "debug" / "compat"),)),
        ]

