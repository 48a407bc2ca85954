import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Clip',
            fields=[
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('state', models.CharField(choices=[('making', 'Making'), ('issued', 'Issued'), ('aborted', 'Aborted'), ('withdrawn', 'Withdrawn'), ('erased', 'Erased')], default='making', max_length=16)),
                ('code', models.CharField(blank=True, max_length=64)),
                ('subject', models.CharField(blank=True, db_index=True, max_length=30)),
                ('consent_id', models.CharField(db_index=True, max_length=30)),
                ('grant_id', models.CharField(max_length=30)),
                ('decision_id', models.CharField(max_length=30, unique=True)),
                ('voice_id', models.CharField(blank=True, db_index=True, max_length=30)),
                ('record_sha256', models.CharField(blank=True, max_length=64)),
                ('policy_version', models.CharField(blank=True, max_length=32)),
                ('provider', models.CharField(max_length=32)),
                ('language', models.CharField(max_length=64)),
                ('use_case', models.CharField(max_length=64)),
                ('characters', models.PositiveIntegerField(default=0)),
                ('disclosure', models.CharField(default='none', max_length=16)),
                ('aigc_producer', models.CharField(blank=True, max_length=64)),
                ('scheme', models.CharField(blank=True, max_length=32)),
                ('epoch', models.PositiveIntegerField()),
                ('token', models.PositiveBigIntegerField()),
                ('token_shared', models.BooleanField(default=False)),
                ('margin_milli_db', models.IntegerField(default=0)),
                ('score_milli', models.IntegerField(default=0)),
                ('self_checks', models.JSONField(default=list)),
                ('second_marks', models.JSONField(default=list)),
                ('sha256_provider', models.CharField(blank=True, max_length=64)),
                ('sha256', models.CharField(blank=True, db_index=True, max_length=64)),
                ('sha256_pcm', models.CharField(blank=True, db_index=True, max_length=64)),
                ('codec', models.CharField(blank=True, max_length=16)),
                ('media_type', models.CharField(blank=True, max_length=64)),
                ('size', models.PositiveIntegerField(default=0)),
                ('duration_ms', models.PositiveIntegerField(default=0)),
                ('blob_id', models.CharField(blank=True, max_length=30)),
                ('manifest_mode', models.CharField(choices=[('embedded', 'Embedded'), ('sidecar', 'Sidecar'), ('none', 'None')], default='none', max_length=8)),
                ('manifest_reason', models.CharField(blank=True, max_length=32)),
                ('manifest_id', models.CharField(blank=True, max_length=64)),
                ('manifest_sha256', models.CharField(blank=True, max_length=64)),
                ('manifest_offset', models.PositiveIntegerField(default=0)),
                ('manifest_size', models.PositiveIntegerField(default=0)),
                ('manifest_blob_id', models.CharField(blank=True, max_length=30)),
                ('credential', models.CharField(blank=True, max_length=64)),
                ('reference_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('event_id', models.CharField(blank=True, max_length=30)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('issued_at', models.DateTimeField(editable=False, null=True)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('clip', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='provenance.clip')),
                ('jws', models.TextField(editable=False)),
                ('signed_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('root', 'Root'), ('leaf', 'Leaf'), ('asked', 'Asked'), ('anchor', 'Anchor')], editable=False, max_length=8)),
                ('public_key', models.BinaryField()),
                ('handle', models.BinaryField()),
                ('chain', models.TextField(blank=True, editable=False)),
                ('created_at', models.DateTimeField(editable=False)),
                ('retired_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['root', 'leaf', 'asked', 'anchor'])), name='credential_role_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('chain', ''), ('role', 'asked')), models.Q(('chain', ''), ('role', 'asked'), _negated=True), _connector='OR'), name='credential_asked_has_no_chain_yet'), models.UniqueConstraint(condition=models.Q(('retired_at', None), ('role', 'leaf')), fields=('role',), name='credential_one_leaf_signs'), models.UniqueConstraint(condition=models.Q(('retired_at', None), ('role', 'root')), fields=('role',), name='credential_one_own_root')],
            },
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('kind', models.CharField(editable=False, max_length=16)),
                ('from_at', models.DateTimeField(editable=False, null=True)),
                ('to_at', models.DateTimeField(editable=False, null=True)),
                ('speaker_id', models.CharField(blank=True, editable=False, max_length=30)),
                ('words', models.BooleanField(default=True, editable=False)),
                ('actor', models.CharField(editable=False, max_length=64)),
                ('created_at', models.DateTimeField(editable=False)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('ready', 'Ready'), ('failed', 'Failed'), ('expired', 'Expired')], default='queued', max_length=16)),
                ('begun_anew', models.PositiveIntegerField(default=0)),
                ('rows_done', models.PositiveBigIntegerField(default=0)),
                ('code', models.CharField(blank=True, max_length=64)),
                ('blob_id', models.CharField(blank=True, max_length=30)),
                ('size', models.PositiveBigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('log_size', models.PositiveBigIntegerField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Feedback',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('opinion', models.CharField(choices=[('helped', 'It helped'), ('wrong', 'The answer is wrong'), ('unclear', 'The answer is hard to understand'), ('broken', 'Something does not work')], max_length=16)),
                ('verdict', models.CharField(blank=True, max_length=24)),
                ('clip_id', models.CharField(blank=True, max_length=30)),
                ('words', models.CharField(blank=True, max_length=1000)),
                ('sealed_words', models.BinaryField(null=True)),
                ('language', models.CharField(max_length=8)),
                ('created_at', models.DateTimeField(db_index=True, editable=False)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organisation')),
            ],
            options={
                'verbose_name_plural': 'feedback',
            },
        ),
        migrations.CreateModel(
            name='Fingerprint',
            fields=[
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('subject', models.CharField(db_index=True, editable=False, max_length=30)),
                ('sealed', models.BinaryField(null=True)),
                ('words', models.PositiveIntegerField(default=0)),
                ('under', models.CharField(blank=True, max_length=16)),
                ('attempts_before', models.PositiveIntegerField(default=0)),
                ('clip', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provenance.clip')),
            ],
        ),
        migrations.CreateModel(
            name='FingerprintTerm',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('term', models.IntegerField()),
                ('place', models.PositiveIntegerField()),
                ('fingerprint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='terms', to='provenance.fingerprint')),
            ],
        ),
        migrations.CreateModel(
            name='StreamProgress',
            fields=[
                ('clip', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='provenance.clip')),
                ('size', models.PositiveIntegerField()),
                ('hashed_size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('duration_ms', models.PositiveIntegerField()),
                ('characters', models.PositiveIntegerField()),
                ('codec', models.CharField(max_length=16)),
                ('media_type', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='MarkedSound',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('epoch', models.PositiveIntegerField()),
                ('sound', models.CharField(editable=False, max_length=64)),
                ('token', models.PositiveBigIntegerField(editable=False)),
                ('created_at', models.DateTimeField(editable=False)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='MarkKey',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('epoch', models.PositiveIntegerField()),
                ('second', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(editable=False)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.AddIndex(
            model_name='clip',
            index=models.Index(fields=['organisation', 'issued_at', 'id'], name='clip_of_organisation_by_time'),
        ),
        migrations.AddIndex(
            model_name='clip',
            index=models.Index(condition=models.Q(('external_index', ''), _negated=True), fields=['external_index'], name='clip_by_external_id'),
        ),
        migrations.AddIndex(
            model_name='clip',
            index=models.Index(condition=models.Q(('reference_index', ''), _negated=True), fields=['reference_index'], name='clip_by_reference'),
        ),
        migrations.AddIndex(
            model_name='clip',
            index=models.Index(condition=models.Q(('state', 'making')), fields=['lease_until'], name='clip_in_the_making'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['making', 'issued', 'aborted', 'withdrawn', 'erased'])), name='clip_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.UniqueConstraint(condition=models.Q(('token_shared', False)), fields=('organisation', 'epoch', 'token'), name='clip_token_once_per_sound'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.CheckConstraint(condition=models.Q(('token__gte', 0), ('token__lt', 4294967296)), name='clip_token_is_32_bits'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('issued', 'withdrawn', 'erased')), _negated=True), models.Q(models.Q(('sha256', ''), _negated=True), models.Q(('sha256_pcm', ''), _negated=True), models.Q(('sha256_provider', ''), _negated=True), ('issued_at__isnull', False)), _connector='OR'), name='clip_that_left_has_hashes_and_time'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('issued', 'withdrawn', 'erased')), models.Q(('blob_id', ''), ('issued_at', None), ('sha256', ''), ('size', 0)), models.Q(('blob_id', ''), ('issued_at__isnull', False), ('size__gt', 0), ('state', 'aborted'), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='clip_that_never_left_has_no_audio'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.CheckConstraint(condition=models.Q(('manifest_mode__in', ['embedded', 'sidecar', 'none'])), name='clip_manifest_mode_is_known'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('manifest_blob_id', ''), ('manifest_id', ''), ('manifest_mode', 'none'), ('manifest_sha256', '')), models.Q(models.Q(('manifest_mode', 'none'), _negated=True), models.Q(('manifest_id', ''), _negated=True), models.Q(('manifest_sha256', ''), _negated=True), models.Q(('credential', ''), _negated=True)), _connector='OR'), name='clip_manifest_has_id_hash_and_signer_or_is_none'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.UniqueConstraint(condition=models.Q(('manifest_id', ''), _negated=True), fields=('manifest_id',), name='clip_manifest_id_once'),
        ),
        migrations.AddConstraint(
            model_name='clip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'erased'), _negated=True), models.Q(('external_index', ''), ('reference_index', ''), ('sealed_notes', None), ('subject', ''), ('voice_id', ''), ('blob_id', ''), ('manifest_blob_id', '')), _connector='OR'), name='clip_erased_leads_to_nobody'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(fields=['state', 'lease_until'], name='export_to_take'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'ready', 'failed', 'expired'])), name='export_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['audit', 'speaker', 'ropa', 'usage'])), name='export_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'speaker'), models.Q(('speaker_id', ''), _negated=True)), models.Q(models.Q(('kind', 'speaker'), _negated=True), ('speaker_id', '')), _connector='OR'), name='export_speaker_only_in_their_own'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(('from_at', None), ('to_at', None), ('to_at__gt', models.F('from_at')), _connector='OR'), name='export_period_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), models.Q(('lease_until__isnull', False), ('due_at__isnull', False), _connector='OR')), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until', None)), _connector='OR'), name='export_running_is_held_or_due'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_at__isnull', False), ('state', 'ready'), models.Q(('blob_id', ''), _negated=True), models.Q(('sha256', ''), _negated=True)), models.Q(models.Q(('state', 'ready'), _negated=True), ('blob_id', '')), _connector='OR'), name='export_only_a_ready_one_has_bytes'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('code', ''), _negated=True), _connector='OR'), name='export_failed_says_why'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ('ready', 'failed', 'expired'))), models.Q(models.Q(('state__in', ('ready', 'failed', 'expired')), _negated=True), ('finished_at', None)), _connector='OR'), name='export_settled_has_a_time'),
        ),
        migrations.AddConstraint(
            model_name='feedback',
            constraint=models.CheckConstraint(condition=models.Q(('opinion__in', ['helped', 'wrong', 'unclear', 'broken'])), name='feedback_opinion_is_known'),
        ),
        migrations.AddConstraint(
            model_name='feedback',
            constraint=models.CheckConstraint(condition=models.Q(('clip_id', ''), ('organisation__isnull', False), _connector='OR'), name='feedback_on_a_clip_has_its_organisation'),
        ),
        migrations.AddIndex(
            model_name='fingerprint',
            index=models.Index(fields=['under', 'due_at'], name='fingerprint_to_index'),
        ),
        migrations.AddConstraint(
            model_name='fingerprint',
            constraint=models.CheckConstraint(condition=models.Q(('subject', ''), _negated=True), name='fingerprint_leads_to_a_person'),
        ),
        migrations.AddConstraint(
            model_name='fingerprint',
            constraint=models.CheckConstraint(condition=models.Q(('under', ''), ('sealed__isnull', False), _connector='OR'), name='fingerprint_sealed_when_indexed'),
        ),
        migrations.AddIndex(
            model_name='fingerprintterm',
            index=models.Index(fields=['term'], name='fingerprint_by_term'),
        ),
        migrations.AddIndex(
            model_name='markedsound',
            index=models.Index(fields=['organisation', 'epoch', 'token'], name='marked_sound_by_token'),
        ),
        migrations.AddConstraint(
            model_name='markedsound',
            constraint=models.UniqueConstraint(fields=('organisation', 'epoch', 'sound'), name='marked_sound_has_one_token'),
        ),
        migrations.AddConstraint(
            model_name='markkey',
            constraint=models.UniqueConstraint(fields=('organisation', 'epoch'), name='mark_key_once_per_epoch'),
        ),
    ]
