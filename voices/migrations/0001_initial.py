import core.hash_lists
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Voice',
            fields=[
                ('report', models.JSONField(default=dict, editable=False)),
                ('in_background', models.BooleanField(default=False, editable=False)),
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('consent_id', models.CharField(db_index=True, max_length=30)),
                ('speaker_id', models.CharField(db_index=True, max_length=30)),
                ('subject', models.CharField(db_index=True, max_length=30)),
                ('decision_id', models.CharField(max_length=30)),
                ('binding_mac', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('provider', models.CharField(max_length=32)),
                ('language', models.CharField(max_length=64)),
                ('use_case', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('checking', 'Checking'), ('training', 'Training'), ('ready', 'Ready'), ('failed', 'Failed'), ('expired', 'Expired'), ('revoking', 'Revoking'), ('deleted', 'Deleted')], default='training', max_length=16)),
                ('code', models.CharField(blank=True, max_length=64)),
                ('sealed_label', models.BinaryField(null=True)),
                ('sealed_handle', models.BinaryField(null=True)),
                ('sealed_embedding', models.BinaryField(null=True)),
                ('profile_blob_id', models.CharField(blank=True, max_length=30)),
                ('created_at', models.DateTimeField(editable=False)),
                ('ready_at', models.DateTimeField(editable=False, null=True)),
                ('provider_expires_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(editable=False, null=True)),
                ('warned_of_end', models.DateTimeField(editable=False, null=True)),
                ('deletion_asked_at', models.DateTimeField(editable=False, null=True)),
                ('deletion_accepted_at', models.DateTimeField(editable=False, null=True)),
                ('deletion_overdue_at', models.DateTimeField(editable=False, null=True)),
                ('deletion_proof', models.CharField(blank=True, choices=[('ours', 'Ours'), ('shown_missing', 'Shown Missing'), ('not_listed', 'Not Listed'), ('deleted_twice', 'Deleted Twice'), ('never_asked', 'Never Asked'), ('seen_by_person', 'Seen By Person')], default='', editable=False, max_length=16)),
                ('preset', models.CharField(blank=True, default='', editable=False, max_length=120)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'livemode', 'created_at', 'id'], name='voice_by_time'), models.Index(fields=['state', 'lease_until'], name='voice_by_state'), models.Index(condition=models.Q(('external_index', ''), _negated=True), fields=['external_index'], name='voice_by_external_id'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('metadata_index__isnull', False)), fields=['metadata_index'], name='voice_by_metadata')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['checking', 'training', 'ready', 'failed', 'expired', 'revoking', 'deleted'])), name='voice_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(('ready_at__isnull', False), models.Q(models.Q(('profile_blob_id', ''), _negated=True), ('sealed_handle__isnull', False), _connector='OR')), _connector='OR'), name='voice_ready_can_speak'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'deleted'), _negated=True), models.Q(('deleted_at__isnull', False), ('external_index', ''), ('metadata_index', None), ('profile_blob_id', ''), ('sealed_embedding', None), ('sealed_handle', None), ('sealed_label', None), ('sealed_notes', None)), _connector='OR'), name='voice_deleted_keeps_nothing'), models.CheckConstraint(condition=models.Q(('deletion_accepted_at', None), ('deletion_asked_at__isnull', False), _connector='OR'), name='voice_deletion_is_asked_before_it_is_accepted'), models.CheckConstraint(condition=models.Q(('deletion_proof', ''), ('deletion_proof__in', ['ours', 'shown_missing', 'not_listed', 'deleted_twice', 'never_asked', 'seen_by_person']), _connector='OR'), name='voice_deletion_proof_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('code', ''), _negated=True), _connector='OR'), name='voice_failed_says_why')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('cancelled', models.PositiveIntegerField(default=0)),
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('kind', models.CharField(choices=[('speech', 'Speech'), ('batch', 'Batch')], max_length=16)),
                ('actor', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('refused', 'Refused'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=16)),
                ('total', models.PositiveIntegerField()),
                ('done', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(editable=False)),
                ('finished_at', models.DateTimeField(editable=False, null=True)),
                ('turn_at', models.DateTimeField(editable=False, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'livemode', 'created_at', 'id'], name='job_by_time'), models.Index(fields=['state'], name='job_by_state'), models.Index(fields=['organisation', 'turn_at'], name='job_by_turn'), models.Index(condition=models.Q(('external_index', ''), _negated=True), fields=['external_index'], name='job_by_external_id'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('metadata_index__isnull', False)), fields=['metadata_index'], name='job_by_metadata')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'refused', 'failed', 'cancelled'])), name='job_state_is_known'), models.CheckConstraint(condition=models.Q(('kind__in', ['speech', 'batch'])), name='job_kind_is_known'), models.CheckConstraint(condition=models.Q(('total__gt', 0), ('total__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('done'), '+', models.F('refused')), '+', models.F('failed')), '+', models.F('cancelled')))), name='job_settles_no_more_than_it_has'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ('done', 'refused', 'failed', 'cancelled'))), models.Q(models.Q(('state__in', ('done', 'refused', 'failed', 'cancelled')), _negated=True), ('finished_at', None)), _connector='OR'), name='job_finished_has_a_time')],
            },
        ),
        migrations.CreateModel(
            name='VoiceEmbedding',
            fields=[
                ('voice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='embedding', serialize=False, to='voices.voice')),
                ('subject', models.CharField(db_index=True, editable=False, max_length=30)),
                ('sealed', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('compared_at', models.DateTimeField(db_index=True, editable=False, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('compared_at', None), ('sealed__isnull', False), _connector='OR'), name='embedding_compared_is_there')],
            },
        ),
        migrations.CreateModel(
            name='Sample',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('blob_id', models.CharField(max_length=30)),
                ('report', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('voice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='samples', to='voices.voice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('voice', 'position'), name='sample_once_per_position'), models.UniqueConstraint(fields=('voice', 'sha256'), name='sample_once_per_voice'), models.CheckConstraint(condition=models.Q(models.Q(('blob_id', ''), _negated=True), models.Q(('sha256', ''), _negated=True)), name='sample_has_bytes')],
            },
        ),
        migrations.CreateModel(
            name='JobItem',
            fields=[
                ('sealed_reference', models.BinaryField(null=True)),
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField()),
                ('sealed_text', models.BinaryField(null=True)),
                ('characters', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('refused', 'Refused'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=16)),
                ('code', models.CharField(blank=True, max_length=64)),
                ('reasons', models.JSONField(default=list)),
                ('decision_id', models.CharField(blank=True, max_length=30)),
                ('clip_id', models.CharField(blank=True, max_length=30)),
                ('finished_at', models.DateTimeField(editable=False, null=True)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='voices.job')),
                ('voice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='voices.voice')),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'due_at'], name='job_item_to_take')],
                'constraints': [models.UniqueConstraint(fields=('job', 'position'), name='job_item_once_per_position'), models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'refused', 'failed', 'cancelled'])), name='job_item_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until', None)), _connector='OR'), name='job_item_running_has_a_lease'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('sealed_text', None), ('state__in', ('done', 'refused', 'failed', 'cancelled'))), models.Q(models.Q(('state__in', ('done', 'refused', 'failed', 'cancelled')), _negated=True), ('finished_at', None)), _connector='OR'), name='job_item_settled_keeps_no_text'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(('clip_id', ''), _negated=True), _connector='OR'), name='job_item_done_has_a_clip'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('refused', 'failed')), _negated=True), models.Q(('code', ''), _negated=True), _connector='OR'), name='job_item_unserved_says_why')],
            },
        ),
        migrations.CreateModel(
            name='VoiceReview',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('likeness_milli', models.PositiveSmallIntegerField(editable=False)),
                ('state', models.CharField(choices=[('open', 'Open'), ('settled', 'Settled')], default='open', max_length=8)),
                ('outcome', models.CharField(blank=True, choices=[('same_person', 'Both voices are of one person.'), ('different_people', 'The voices are of two people.'), ('undecided', 'It cannot be told.')], max_length=20)),
                ('settled_by', models.CharField(blank=True, max_length=64)),
                ('settled_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('other', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='voices.voice')),
                ('voice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='voices.voice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('voice', 'other'), name='review_once_a_pair'), models.CheckConstraint(condition=models.Q(('voice', models.F('other')), _negated=True), name='review_is_of_two_voices'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', ''), ('settled_at', None), ('settled_by', ''), ('state', 'open')), models.Q(('outcome__in', ['same_person', 'different_people', 'undecided']), ('settled_at__isnull', False), ('state', 'settled'), models.Q(('settled_by', ''), _negated=True)), _connector='OR'), name='review_settled_says_how')],
            },
        ),
        migrations.CreateModel(
            name='RecordingReview',
            fields=[
            ],
            options={
                'verbose_name': 'voice with recordings to review',
                'verbose_name_plural': 'recordings to review',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('voices.voice',),
        ),
    ]
