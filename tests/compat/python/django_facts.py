"""Django's mapper over mysqlclient."""

import datetime
import decimal

import django
from django.conf import settings

from facts import BIGGEST, DATABASE, EVERY_BYTE, NAME, PORT, end, error_of, fact, seen

LOGIN = {"ENGINE": "django.db.backends.mysql", "NAME": DATABASE, "HOST": "127.0.0.1", "PORT": str(PORT), "USER": "app",
         "PASSWORD": "app", "OPTIONS": {"charset": "utf8mb4"}}
settings.configure(DATABASES={"default": LOGIN, "other": LOGIN}, USE_TZ=True, TIME_ZONE="Europe/Paris",
                   DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                   INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
django.setup()

from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, connections, models, transaction


class Thing(models.Model):
    name = models.CharField(max_length=40, unique=True, null=True)
    big = models.PositiveBigIntegerField(null=True)
    amount = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    day = models.DateField(null=True)
    at = models.DateTimeField(null=True)
    data = models.BinaryField(null=True)
    about = models.JSONField(null=True)

    class Meta:
        app_label = "compat"


call_command("migrate", verbosity=0)
seen("migrated", sorted(connection.introspection.table_names()))
with connection.schema_editor() as editor:
    editor.create_model(Thing)

row = {"name": NAME, "big": BIGGEST, "amount": decimal.Decimal("12345678901234567890.0123456789"),
       "day": datetime.date(2024, 2, 29), "at": datetime.datetime(2024, 2, 29, 23, 59, 59, 999999, datetime.timezone.utc),
       "data": EVERY_BYTE, "about": {"likes": ["🎈", None]}}
fact("generated key", Thing.objects.create(**row).pk, 1)
fact("generated key of NULLs", Thing.objects.create().pk, 2)
for column, got in Thing.objects.values(*row).get(pk=1).items():
    fact(column, got, row[column])
fact("NULLs", list(Thing.objects.filter(pk=2).values_list(*row)), [(None,) * 7])
Thing.objects.bulk_create([Thing(name=f"batch {i}", big=i) for i in range(50)], batch_size=20)
fact("batch", Thing.objects.filter(pk__gt=2).aggregate(models.Sum("big"))["big__sum"], 1225)
fact("in the database's JSON", Thing.objects.filter(about__likes__0="🎈").count(), 1)
fact("by year", Thing.objects.filter(at__year=2024).count(), 1)

with transaction.atomic():
    Thing.objects.filter(pk=2).update(big=7)
    fact("uncommitted, elsewhere", Thing.objects.using("other").get(pk=2).big, None)
    try:
        with transaction.atomic():
            Thing.objects.filter(pk=2).update(big=8)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
fact("committed, elsewhere", Thing.objects.using("other").get(pk=2).big, 7)
duplicate = error_of(lambda: Thing.objects.create(name=NAME), IntegrityError)
seen("duplicate key", duplicate.args)
fact("duplicate key's number", duplicate.args[0], 1062)
with transaction.atomic():
    error = error_of(lambda: connection.cursor().execute("SELECT * FROM missing"), ProgrammingError)
    fact("unknown table", error.args[0], 1146)
    fact("locked", [thing.pk for thing in Thing.objects.select_for_update().filter(pk__lt=3)], [1, 2])
fact("get_or_create", [made for _, made in (Thing.objects.get_or_create(name=name) for name in (NAME, "new"))], [False, True])
Thing.objects.bulk_create([Thing(pk=1, name="renamed"), Thing(pk=900, name="added")], update_conflicts=True,
                          update_fields=["name"])
fact("upserted", list(Thing.objects.filter(pk__in=(1, 900)).order_by("pk").values_list("name", flat=True)),
     ["renamed", "added"])
fact("iterated", sum(1 for _ in Thing.objects.iterator(chunk_size=10)), 54)

user = User.objects.create_user("zoë", password="secret")
group = Group.objects.create(name="readers")
group.permissions.set(Permission.objects.order_by("pk")[:3])
user.groups.add(group)
permission = Permission.objects.select_related("content_type").order_by("pk")[0]
fact("permission", User.objects.get(username="zoë").has_perm(
    f"{permission.content_type.app_label}.{permission.codename}"), True)
with connection.cursor() as cursor:
    cursor.execute("SET @mine = %s", ["one"])
    cursor.execute("SELECT @mine, @@sql_auto_is_null")
    seen("user variable", cursor.fetchone())
description = connection.introspection.get_table_description(connection.cursor(), "compat_thing")
seen("columns", [(column.name, column.null_ok) for column in description])
seen("has time zones", connection.features.has_zoneinfo_database)
seen("server", connection.mysql_version[:2])
connections.close_all()
fact("connected again", Thing.objects.count(), 54)
end()
