import core.hash_lists
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('speaker_id', models.CharField(editable=False, max_length=30)),
                ('subject', models.CharField(editable=False, max_length=30)),
                ('reason', models.CharField(editable=False, max_length=32)),
                ('actor', models.CharField(editable=False, max_length=64)),
                ('state', models.CharField(choices=[('running', 'Running'), ('completed', 'Completed')], default='running', max_length=16)),
                ('created_at', models.DateTimeField(editable=False)),
                ('answer_by', models.DateTimeField(editable=False)),
                ('completed_at', models.DateTimeField(editable=False, null=True)),
                ('certificate', models.BinaryField(null=True)),
                ('certificate_jws', models.TextField(blank=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('external_index', ''), _negated=True), fields=['external_index'], name='erasure_by_external_id'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('metadata_index__isnull', False)), fields=['metadata_index'], name='erasure_by_metadata'), models.Index(fields=['organisation', 'livemode', 'created_at', 'id'], name='erasure_by_time')],
                'constraints': [models.UniqueConstraint(fields=('speaker_id',), name='erasure_once_per_speaker'), models.CheckConstraint(condition=models.Q(('state__in', ['running', 'completed'])), name='erasure_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('certificate', None), ('completed_at', None), ('state', 'running')), models.Q(('certificate__isnull', False), ('completed_at__isnull', False), ('state', 'completed'), models.Q(('certificate_jws', ''), _negated=True)), _connector='OR'), name='erasure_completed_has_a_certificate')],
            },
        ),
        migrations.CreateModel(
            name='ErasureTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('system', models.CharField(max_length=32)),
                ('asset', models.CharField(max_length=64)),
                ('method', models.CharField(max_length=32)),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('requested', 'Requested'), ('accepted', 'Accepted'), ('confirmed', 'Confirmed'), ('kept', 'Kept')], default='planned', max_length=16)),
                ('ground', models.CharField(blank=True, max_length=200)),
                ('proof', models.JSONField(default=dict)),
                ('settled_at', models.DateTimeField(null=True)),
                ('erasure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='erasure.erasure')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('erasure', 'position'), name='erasure_target_once_per_position'), models.UniqueConstraint(fields=('erasure', 'system', 'asset'), name='erasure_target_once_per_asset'), models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'requested', 'accepted', 'confirmed', 'kept'])), name='erasure_target_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'kept'), _negated=True), models.Q(('ground', ''), _negated=True), _connector='OR'), name='erasure_target_kept_names_its_ground'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', False), ('state__in', ('confirmed', 'kept'))), models.Q(models.Q(('state__in', ('confirmed', 'kept')), _negated=True), ('settled_at', None)), _connector='OR'), name='erasure_target_settled_has_a_time')],
            },
        ),
    ]
