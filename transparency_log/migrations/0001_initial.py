import django.db.models.functions.math
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

LOOKED_UP_WHOLE = ("transparency_log_outbox", "transparency_log_body", "transparency_log_entry")


def leave_out_pattern_indexes(apps, schema_editor):
    """Take the indexes for LIKE out of what Django runs at the end of this migration on PostgreSQL.

    It makes one beside every unique text column. Ids are looked up whole, and four of the fifteen index
    entries that an event of two refs would cost were these.
    """
    schema_editor.deferred_sql[:] = [
        statement
        for statement in schema_editor.deferred_sql
        if not ("varchar_pattern_ops" in str(statement) and any(map(statement.references_table, LOOKED_UP_WHOLE)))
    ]


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Body',
            fields=[
                ('event_id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('subject', models.CharField(db_index=True, editable=False, max_length=30)),
                ('sealed', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='Attestation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('witness', 'Witness'), ('copy', 'Copy'), ('stamp', 'Stamp')], editable=False, max_length=16)),
                ('target', models.CharField(editable=False, max_length=400)),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('size', models.BigIntegerField(editable=False)),
                ('request', models.BinaryField()),
                ('answer', models.BinaryField()),
                ('at', models.DateTimeField(editable=False)),
            ],
            options={
                'verbose_name_plural': 'attestations',
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'size', 'kind', 'target'), name='attestation_once_a_checkpoint'), models.CheckConstraint(condition=models.Q(('kind__in', ['witness', 'copy', 'stamp'])), name='attestation_kind_is_known'), models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='attestation_of_something')],
            },
        ),
        migrations.CreateModel(
            name='AttestationTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('kind', models.CharField(choices=[('witness', 'Witness'), ('copy', 'Copy'), ('stamp', 'Stamp')], editable=False, max_length=16)),
                ('target', models.CharField(editable=False, max_length=400)),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('origin', models.CharField(editable=False, max_length=310)),
                ('size', models.BigIntegerField(default=0, editable=False)),
                ('failures', models.PositiveIntegerField(default=0, editable=False)),
                ('code', models.CharField(blank=True, editable=False, max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'due_at'], name='errand_to_run')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'target', 'origin'), name='errand_once_a_log'), models.CheckConstraint(condition=models.Q(('kind__in', ['witness', 'copy', 'stamp'])), name='errand_kind_is_known'), models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='errand_size_not_negative'), models.CheckConstraint(condition=models.Q(models.Q(('code', ''), ('failures', 0)), models.Q(('failures__gt', 0), models.Q(('code', ''), _negated=True)), _connector='OR'), name='errand_failed_says_why')],
            },
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('size', models.BigIntegerField(editable=False)),
                ('root', models.BinaryField(max_length=32)),
                ('note', models.TextField(editable=False)),
                ('signed_at', models.DateTimeField(editable=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'size'), name='checkpoint_once_a_size'), models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='checkpoint_covers_something'), models.CheckConstraint(condition=django.db.models.lookups.Exact(django.db.models.functions.text.Length(models.F('root')), 32), name='checkpoint_root_is_one_hash')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('event_id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('idx', models.BigIntegerField(editable=False)),
                ('kind', models.CharField(editable=False, max_length=40)),
                ('livemode', models.BooleanField(editable=False)),
                ('at_ms', models.BigIntegerField(editable=False)),
                ('payload', models.BinaryField()),
            ],
            options={
                'verbose_name_plural': 'entries',
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'idx'), name='entry_has_its_own_place'), models.CheckConstraint(condition=models.Q(('idx__gte', 0)), name='entry_place_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='EventRef',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about', models.BooleanField(default=False, editable=False)),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('ref', models.CharField(editable=False, max_length=30)),
                ('idx', models.BigIntegerField(editable=False)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('about', True)), fields=['organisation_id', 'ref', 'idx'], name='event_ref_about')],
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'ref', 'idx'), name='event_ref_once')],
            },
        ),
        migrations.CreateModel(
            name='Head',
            fields=[
                ('organisation_id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('size', models.BigIntegerField(editable=False)),
                ('root', models.BinaryField(max_length=32)),
                ('origin', models.CharField(editable=False, max_length=300)),
                ('generation', models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='head_size_not_negative'), models.CheckConstraint(condition=django.db.models.lookups.Exact(django.db.models.functions.text.Length(models.F('root')), 32), name='head_root_is_one_hash')],
            },
        ),
        migrations.CreateModel(
            name='Outbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('event_id', models.CharField(editable=False, max_length=30, unique=True)),
                ('payload', models.BinaryField()),
                ('speaker_id', models.CharField(editable=False, max_length=30, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organisation_id', 'id'], name='outbox_in_order')],
            },
        ),
        migrations.CreateModel(
            name='Tile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('level', models.SmallIntegerField(editable=False)),
                ('n', models.BigIntegerField(editable=False)),
                ('data', models.BinaryField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'level', 'n'), name='tile_once'), models.CheckConstraint(condition=models.Q(('level__gte', 0), ('n__gte', 0)), name='tile_level_and_number_not_negative'), models.CheckConstraint(condition=django.db.models.lookups.Exact(django.db.models.functions.math.Mod(django.db.models.functions.text.Length(models.F('data')), 32), 0), name='tile_of_whole_hashes'), models.CheckConstraint(condition=models.Q(django.db.models.lookups.GreaterThan(django.db.models.functions.text.Length(models.F('data')), 0), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length(models.F('data')), 8192)), name='tile_of_1_to_256_hashes')],
            },
        ),
        # Backwards there is nothing to do: the tables go.
        migrations.RunPython(leave_out_pattern_indexes, migrations.RunPython.noop),
    ]
