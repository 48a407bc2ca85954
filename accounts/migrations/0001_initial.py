import core.hash_lists
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='LoginSession',
            fields=[
                ('cookie_sha256', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('sealed', models.BinaryField()),
                ('begun_at', models.DateTimeField(editable=False)),
                ('expires_at', models.DateTimeField(db_index=True, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='RateWindow',
            fields=[
                ('key_id', models.CharField(editable=False, max_length=60, primary_key=True, serialize=False)),
                ('minute', models.BigIntegerField(editable=False)),
                ('used', models.PositiveIntegerField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='SharedValue',
            fields=[
                ('name', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('value', models.TextField()),
                ('expires_at', models.DateTimeField(db_index=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('name', models.CharField(max_length=200, unique=True)),
                ('contact', models.JSONField(default=dict)),
                ('policy', models.JSONField(default=dict)),
                ('test_clock_ms', models.BigIntegerField(default=0)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('test_clock_ms__gte', 0)), name='organisation_test_clock_only_forward')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('product', models.CharField(max_length=100)),
                ('livemode', models.BooleanField(editable=False)),
                ('prefix', models.CharField(editable=False, max_length=24)),
                ('secret_sha256', models.CharField(editable=False, max_length=64, unique=True)),
                ('previous_sha256', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ('previous_until', models.DateTimeField(editable=False, null=True)),
                ('scopes', models.JSONField(default=list)),
                ('default_use_case', models.CharField(blank=True, max_length=64)),
                ('default_channel', models.CharField(blank=True, max_length=32)),
                ('default_territory', models.CharField(blank=True, max_length=16)),
                ('default_language', models.CharField(blank=True, max_length=64)),
                ('calls_per_minute', models.PositiveIntegerField(default=600)),
                ('created_at', models.DateTimeField(editable=False)),
                ('expires_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(editable=False, null=True)),
                ('disabled_at', models.DateTimeField(editable=False, null=True)),
                ('keeps_jobs', models.BooleanField(default=False, editable=False)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'created_at', 'id'], name='api_key_by_time')],
                'verbose_name': 'API key',
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at', None), ('expires_at__gt', models.F('created_at')), _connector='OR'), name='api_key_expires_after_creation'), models.CheckConstraint(condition=models.Q(models.Q(('previous_sha256', None), ('previous_until', None)), models.Q(('previous_sha256__isnull', False), ('previous_until__isnull', False)), _connector='OR'), name='api_key_previous_secret_has_an_end')],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('officer', 'Officer'), ('engineer', 'Engineer'), ('auditor', 'Auditor')], max_length=16)),
                ('is_active', models.BooleanField(default=True)),
                ('is_staff', models.BooleanField(default=True)),
                ('date_joined', models.DateTimeField(editable=False)),
                ('access_until', models.DateTimeField(blank=True, null=True)),
                ('session_epoch', models.PositiveIntegerField(default=0, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'officer', 'engineer', 'auditor'])), name='member_role_is_known'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='member_email_is_lower_case')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_sha256', models.CharField(max_length=64)),
                ('request_sha256', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('forgotten', 'Forgotten'), ('secret', 'Secret')], default='running', max_length=16)),
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('status', models.PositiveSmallIntegerField(default=0)),
                ('headers', models.JSONField(default=dict)),
                ('sealed_body', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(db_index=True)),
                ('api_key', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.apikey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('api_key', 'key_sha256'), name='stored_answer_once_per_key'), models.CheckConstraint(condition=models.Q(('state__in', ['running', 'done', 'forgotten', 'secret'])), name='stored_answer_state_is_known')],
            },
        ),
    ]
