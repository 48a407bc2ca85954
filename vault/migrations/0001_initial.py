import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Kek',
            fields=[
                ('epoch', models.BigAutoField(primary_key=True, serialize=False)),
                ('kms_name', models.CharField(editable=False, max_length=64, unique=True)),
                ('state', models.CharField(choices=[('current', 'Current'), ('retiring', 'Retiring'), ('destroyed', 'Destroyed')], editable=False, max_length=16)),
                ('created_at', models.DateTimeField(editable=False)),
                ('retired_at', models.DateTimeField(editable=False, null=True)),
                ('destroyed_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('retired_at', None), ('state', 'current')), models.Q(models.Q(('state', 'current'), _negated=True), ('retired_at__isnull', False)), _connector='OR'), name='kek_retired_has_a_time'), models.CheckConstraint(condition=models.Q(('state__in', ['current', 'retiring', 'destroyed'])), name='kek_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at__isnull', False), ('state', 'destroyed')), models.Q(models.Q(('state', 'destroyed'), _negated=True), ('destroyed_at', None)), _connector='OR'), name='kek_destroyed_has_a_time'), models.UniqueConstraint(condition=models.Q(('state', 'current')), fields=('state',), name='kek_only_one_is_current')],
            },
        ),
        migrations.CreateModel(
            name='SigningKey',
            fields=[
                ('key_id', models.CharField(editable=False, max_length=40, primary_key=True, serialize=False)),
                ('organisation_id', models.CharField(editable=False, max_length=30)),
                ('purpose', models.CharField(choices=[('records', 'Records'), ('log', 'Log'), ('certificates', 'Certificates'), ('exports', 'Exports'), ('receipts', 'Receipts'), ('receipts-mldsa44', 'Receipts Mldsa44')], editable=False, max_length=16)),
                ('public_key', models.BinaryField()),
                ('handle', models.BinaryField()),
                ('valid_from', models.DateTimeField(editable=False)),
                ('valid_until', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organisation_id', 'purpose'], name='signing_key_by_owner')],
                'constraints': [models.CheckConstraint(condition=models.Q(('purpose__in', ['records', 'log', 'certificates', 'exports', 'receipts', 'receipts-mldsa44'])), name='signing_key_purpose_is_known'), models.CheckConstraint(condition=models.Q(('valid_until', None), ('valid_until__gt', models.F('valid_from')), _connector='OR'), name='signing_key_period_not_empty'), models.UniqueConstraint(condition=models.Q(('valid_until', None)), fields=('organisation_id', 'purpose'), name='signing_key_only_one_without_end')],
            },
        ),
        migrations.CreateModel(
            name='Subject',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('person', 'Person'), ('organisation', 'Organisation')], editable=False, max_length=16)),
                ('organisation_id', models.CharField(db_index=True, editable=False, max_length=30)),
                ('wrapped_key', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('destroyed_at', models.DateTimeField(editable=False, null=True)),
                ('kek', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.kek')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['person', 'organisation'])), name='subject_kind_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at__isnull', False), ('wrapped_key', None)), models.Q(('destroyed_at', None), ('wrapped_key__isnull', False)), _connector='OR'), name='subject_destroyed_means_no_key'), models.UniqueConstraint(condition=models.Q(('kind', 'organisation')), fields=('organisation_id',), name='subject_one_per_organisation')],
            },
        ),
        migrations.CreateModel(
            name='Blob',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('kind', models.CharField(editable=False, max_length=32)),
                ('size', models.BigIntegerField(editable=False)),
                ('created_at', models.DateTimeField(editable=False)),
                ('subject', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vault.subject')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='blob_size_not_negative')],
            },
        ),
    ]
