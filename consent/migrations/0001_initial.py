import consent.policy.state_machine
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
            name='Consent',
            fields=[
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('jurisdictions', models.JSONField(default=list)),
                ('assurance', models.CharField(max_length=2)),
                ('representation', models.CharField(default='none', max_length=16)),
                ('sealed', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('asked_from', models.DateTimeField(editable=False, null=True)),
                ('asked_until', models.DateTimeField(editable=False, null=True)),
                ('duration', models.CharField(blank=True, editable=False, max_length=32)),
                ('link_sha256', models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ('link_expires_at', models.DateTimeField(editable=False)),
                ('state', models.CharField(default=consent.policy.state_machine.ConsentState['REQUESTED'], max_length=16)),
                ('revocation_epoch', models.PositiveIntegerField(default=0, editable=False)),
                ('valid_from', models.DateTimeField(editable=False, null=True)),
                ('valid_until', models.DateTimeField(editable=False, null=True)),
                ('signed_at', models.DateTimeField(editable=False, null=True)),
                ('suspended_by', models.CharField(blank=True, editable=False, max_length=16)),
                ('standing_mac', models.CharField(blank=True, editable=False, max_length=64)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('record', models.BinaryField(null=True)),
                ('record_sha256', models.CharField(blank=True, editable=False, max_length=64)),
                ('record_jws', models.TextField(blank=True, editable=False)),
                ('record_key', models.CharField(blank=True, editable=False, max_length=64)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('supersedes', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='successors', to='consent.consent')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'livemode', 'state', 'created_at', 'id'], name='consent_by_state'), models.Index(fields=['organisation', 'livemode', 'created_at', 'id'], name='consent_by_time'), models.Index(fields=['organisation', 'livemode', 'id'], name='consent_by_organisation'), models.Index(fields=['state', 'valid_until'], name='consent_by_end'), models.Index(condition=models.Q(('external_index', ''), _negated=True), fields=['external_index'], name='consent_by_external_id'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('metadata_index__isnull', False)), fields=['metadata_index'], name='consent_by_metadata')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'requested', 'captured', 'active', 'suspended', 'declined', 'lapsed', 'rejected', 'withdrawn', 'expired', 'invalidated', 'terminated', 'superseded', 'erasing', 'erased'])), name='consent_state_is_known'), models.CheckConstraint(condition=models.Q(('assurance__in', ['L0', 'L1', 'L2', 'L3'])), name='consent_assurance_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('asked_until', None), models.Q(('duration', ''), _negated=True)), models.Q(('asked_until__isnull', False), ('duration', '')), _connector='OR'), name='consent_asks_for_a_term_or_an_end'), models.CheckConstraint(condition=models.Q(models.Q(('valid_from', None), ('valid_until', None)), ('valid_until__gt', models.F('valid_from')), _connector='OR'), name='consent_term_not_empty'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', [consent.policy.state_machine.ConsentState['ACTIVE'], consent.policy.state_machine.ConsentState['ERASED'], consent.policy.state_machine.ConsentState['ERASING'], consent.policy.state_machine.ConsentState['EXPIRED'], consent.policy.state_machine.ConsentState['INVALIDATED'], consent.policy.state_machine.ConsentState['SUPERSEDED'], consent.policy.state_machine.ConsentState['SUSPENDED'], consent.policy.state_machine.ConsentState['TERMINATED'], consent.policy.state_machine.ConsentState['WITHDRAWN']]), _negated=True), models.Q(('record__isnull', False), ('signed_at__isnull', False), ('valid_from__isnull', False), models.Q(('record_sha256', ''), _negated=True), models.Q(('record_jws', ''), _negated=True)), ('state__in', ['erasing', 'erased']), _connector='OR'), name='consent_stands_only_when_signed'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', [consent.policy.state_machine.ConsentState['INVALIDATED'], consent.policy.state_machine.ConsentState['TERMINATED'], consent.policy.state_machine.ConsentState['WITHDRAWN']]), _negated=True), ('revoked_at__isnull', False), _connector='OR'), name='consent_revoked_at_a_time'), models.UniqueConstraint(condition=models.Q(('link_sha256', ''), _negated=True), fields=('link_sha256',), name='consent_link_opens_one_request'), models.UniqueConstraint(condition=models.Q(('supersedes__isnull', False), models.Q(('state__in', ['declined', 'lapsed', 'rejected']), _negated=True)), fields=('supersedes',), name='consent_superseded_by_one')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('key', models.SlugField(unique=True)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='ErasedLink',
            fields=[
                ('link_sha256', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('locale', models.CharField(editable=False, max_length=35)),
                ('organisation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('kind', models.CharField(editable=False, max_length=32)),
                ('sha256', models.CharField(editable=False, max_length=64)),
                ('blob', models.CharField(blank=True, max_length=30)),
                ('created_at', models.DateTimeField(editable=False)),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='consent.consent')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['passkey', 'spoken_audio', 'page', 'mail_proof', 'id_check', 'countersign', 'paper_scan', 'test'])), name='evidence_kind_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('attempt', models.PositiveIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('channel', models.CharField(choices=[('mail', 'Mail'), ('message', 'Message'), ('controller', 'Controller'), ('test', 'Test')], editable=False, max_length=16)),
                ('sealed', models.BinaryField(null=True)),
                ('link_sha256', models.CharField(editable=False, max_length=64)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('sent', 'Sent'), ('failed', 'Failed')], default='queued', editable=False, max_length=16)),
                ('code', models.CharField(blank=True, editable=False, max_length=40)),
                ('created_at', models.DateTimeField(editable=False)),
                ('settled_at', models.DateTimeField(editable=False, null=True)),
                ('consent', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='consent.consent')),
                ('evidence', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='consent.evidence')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['due_at'], name='delivery_by_due_time')],
                'constraints': [models.CheckConstraint(condition=models.Q(('channel__in', ['mail', 'message', 'controller', 'test'])), name='delivery_channel_is_known'), models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'sent', 'failed'])), name='delivery_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('state', 'queued')), models.Q(models.Q(('state', 'queued'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='delivery_settled_at_a_time'), models.CheckConstraint(condition=models.Q(('channel__in', ['controller', 'test']), models.Q(('state', 'sent'), _negated=True), ('evidence__isnull', False), _connector='OR'), name='delivery_sent_by_us_has_proof'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('code', ''), _negated=True), _connector='OR'), name='delivery_failed_for_a_reason'), models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('consent',), name='delivery_queued_once')],
            },
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField(editable=False)),
                ('use_case', models.CharField(editable=False, max_length=64)),
                ('signed', models.JSONField(editable=False)),
                ('sealed_words', models.BinaryField(null=True)),
                ('scope', models.JSONField()),
                ('epoch', models.PositiveIntegerField(default=0, editable=False)),
                ('declined_at', models.DateTimeField(editable=False, null=True)),
                ('removed_at', models.DateTimeField(editable=False, null=True)),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='consent.consent')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('consent', 'position'), name='grant_has_its_place')],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('livemode', models.BooleanField(editable=False)),
                ('preview', models.BooleanField(editable=False)),
                ('allowed', models.BooleanField(editable=False)),
                ('actor', models.CharField(editable=False, max_length=64)),
                ('voice_id', models.CharField(blank=True, editable=False, max_length=30)),
                ('epoch', models.PositiveIntegerField(editable=False, null=True)),
                ('record_sha256', models.CharField(blank=True, editable=False, max_length=64)),
                ('ask', models.JSONField(editable=False)),
                ('reasons', models.JSONField(default=list, editable=False)),
                ('policy_version', models.CharField(editable=False, max_length=32)),
                ('created_at', models.DateTimeField(editable=False)),
                ('expires_at', models.DateTimeField(editable=False)),
                ('consent', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='consent.consent')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('grant', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='consent.grant')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('external_index', ''), _negated=True), fields=['external_index'], name='decision_by_external_id'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('metadata_index__isnull', False)), fields=['metadata_index'], name='decision_by_metadata'), models.Index(condition=models.Q(('allowed', False)), fields=['organisation', 'livemode', 'created_at', 'id'], name='decision_refused_by_time'), models.Index(fields=['organisation', 'livemode', 'created_at', 'id'], name='decision_by_time'), models.Index(fields=['organisation', 'livemode', 'id'], name='decision_by_organisation')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('allowed', False), ('grant', None)), models.Q(('allowed', True), ('consent__isnull', False), ('epoch__isnull', False), ('grant__isnull', False), ('reasons', [])), _connector='OR'), name='decision_allowed_by_one_grant'), models.CheckConstraint(condition=models.Q(('allowed', True), models.Q(('reasons', []), _negated=True), _connector='OR'), name='decision_refused_for_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='GrantUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('window', models.CharField(editable=False, max_length=10)),
                ('used_characters', models.BigIntegerField(default=0)),
                ('used_milliseconds', models.BigIntegerField(default=0)),
                ('used_clips', models.BigIntegerField(default=0)),
                ('held_characters', models.BigIntegerField(default=0)),
                ('held_clips', models.BigIntegerField(default=0)),
                ('grant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='usage', to='consent.grant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('grant', 'window'), name='usage_counts_a_window_once'), models.CheckConstraint(condition=models.Q(('held_characters__gte', 0), ('held_clips__gte', 0), ('used_characters__gte', 0), ('used_clips__gte', 0), ('used_milliseconds__gte', 0)), name='usage_never_below_zero')],
            },
        ),
        migrations.CreateModel(
            name='NoticeVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(editable=False)),
                ('locale', models.CharField(editable=False, max_length=35)),
                ('change_class', models.CharField(editable=False, max_length=16)),
                ('body', models.JSONField(editable=False)),
                ('sha256', models.CharField(editable=False, max_length=64)),
                ('created_at', models.DateTimeField(editable=False)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='consent.notice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('notice', 'version', 'locale'), name='notice_version_stands_once_a_locale'), models.CheckConstraint(condition=models.Q(('change_class__in', ['material', 'editorial'])), name='notice_change_class_is_known')],
            },
        ),
        migrations.AddField(
            model_name='consent',
            name='notice_version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='consent.noticeversion'),
        ),
        migrations.CreateModel(
            name='SampleFingerprint',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('subject', models.CharField(db_index=True, editable=False, max_length=40)),
                ('pcm_sha256', models.CharField(db_index=True, editable=False, max_length=64)),
                ('sealed', models.BinaryField()),
                ('created_at', models.DateTimeField(editable=False)),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sample_fingerprints', to='consent.consent')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('consent', 'pcm_sha256'), name='sample_fingerprint_once')],
            },
        ),
        migrations.CreateModel(
            name='SampleFingerprintTerm',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('term', models.IntegerField()),
                ('place', models.PositiveIntegerField()),
                ('fingerprint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='terms', to='consent.samplefingerprint')),
            ],
            options={
                'indexes': [models.Index(fields=['term'], name='sample_fingerprint_by_term')],
            },
        ),
        migrations.CreateModel(
            name='SampleHash',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(editable=False, max_length=64)),
                ('registered_at', models.DateTimeField(editable=False)),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='samples', to='consent.consent')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('consent', 'sha256'), name='sample_registered_once')],
            },
        ),
        migrations.CreateModel(
            name='SampleRegister',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('livemode', models.BooleanField(editable=False)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'livemode'), name='sample_register_once')],
            },
        ),
        migrations.CreateModel(
            name='SealedReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('move', models.CharField(editable=False, max_length=16)),
                ('code', models.CharField(default='other', editable=False, max_length=32)),
                ('sealed', models.BinaryField(null=True)),
                ('actor', models.CharField(editable=False, max_length=64)),
                ('created_at', models.DateTimeField(editable=False)),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='remarks', to='consent.consent')),
            ],
        ),
        migrations.CreateModel(
            name='Speaker',
            fields=[
                ('sealed_notes', models.BinaryField(null=True)),
                ('external_index', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('metadata_index', core.hash_lists.HashListField(editable=False, null=True)),
                ('id', models.CharField(editable=False, max_length=30, primary_key=True, serialize=False)),
                ('livemode', models.BooleanField(editable=False)),
                ('kind', models.CharField(choices=[('adult', 'Adult'), ('minor', 'Minor'), ('estate', 'Estate'), ('employee', 'Employee'), ('performer', 'Performer')], default='adult', max_length=16)),
                ('state', models.CharField(choices=[('active', 'Active'), ('frozen', 'Frozen'), ('erased', 'Erased')], default='active', max_length=16)),
                ('subject', models.CharField(editable=False, max_length=40, unique=True)),
                ('sealed', models.BinaryField(null=True)),
                ('email_index', models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ('created_at', models.DateTimeField(editable=False)),
                ('erased_at', models.DateTimeField(editable=False, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'livemode', 'created_at', 'id'], name='speaker_by_time'), models.Index(fields=['organisation', 'livemode', 'id'], name='speaker_by_organisation'), models.Index(condition=models.Q(('external_index', ''), _negated=True), fields=['external_index'], name='speaker_by_external_id'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('metadata_index__isnull', False)), fields=['metadata_index'], name='speaker_by_metadata')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['adult', 'minor', 'estate', 'employee', 'performer'])), name='speaker_kind_is_known'), models.CheckConstraint(condition=models.Q(('state__in', ['active', 'frozen', 'erased'])), name='speaker_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('erased_at', None), ('sealed__isnull', False), models.Q(('state', 'erased'), _negated=True)), models.Q(('email_index', ''), ('erased_at__isnull', False), ('sealed', None), ('sealed_notes', None), ('state', 'erased'), ('external_index', ''), ('metadata_index', None)), _connector='OR'), name='speaker_erased_keeps_nothing_personal')],
            },
        ),
        migrations.CreateModel(
            name='Representative',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('guardian', 'Guardian'), ('estate', 'Estate'), ('agent', 'Agent'), ('counsel', 'Counsel'), ('union', 'Union')], max_length=16)),
                ('sealed', models.BinaryField(null=True)),
                ('verified_at', models.DateTimeField(editable=False, null=True)),
                ('verified_by', models.CharField(blank=True, editable=False, max_length=64)),
                ('valid_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('speaker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='representatives', to='consent.speaker')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['guardian', 'estate', 'agent', 'counsel', 'union'])), name='representative_kind_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('verified_at', None), ('verified_by', '')), models.Q(('verified_at__isnull', False), models.Q(('verified_by', ''), _negated=True)), _connector='OR'), name='representative_verified_has_verifier')],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ground', models.CharField(max_length=32)),
                ('placed_at', models.DateTimeField(editable=False)),
                ('placed_by', models.CharField(editable=False, max_length=64)),
                ('lifted_at', models.DateTimeField(editable=False, null=True)),
                ('lifted_by', models.CharField(blank=True, editable=False, max_length=64)),
                ('speaker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='consent.speaker')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('speaker', 'ground'), name='hold_stands_once_a_ground'), models.CheckConstraint(condition=models.Q(models.Q(('lifted_at', None), ('lifted_by', '')), models.Q(('lifted_at__gte', models.F('placed_at')), models.Q(('lifted_by', ''), _negated=True)), _connector='OR'), name='hold_lifted_has_actor')],
            },
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fields', models.JSONField(editable=False)),
                ('sealed', models.BinaryField(null=True)),
                ('actor', models.CharField(editable=False, max_length=64)),
                ('created_at', models.DateTimeField(editable=False)),
                ('speaker', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='consent.speaker')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('actor', ''), _negated=True), name='correction_has_actor')],
            },
        ),
        migrations.AddField(
            model_name='consent',
            name='speaker',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='consent.speaker'),
        ),
        migrations.CreateModel(
            name='ImportedConsent',
            fields=[
                ('consent', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='imported', serialize=False, to='consent.consent')),
                ('imported_by', models.CharField(editable=False, max_length=64)),
                ('imported_at', models.DateTimeField(editable=False)),
                ('approved_by', models.CharField(blank=True, editable=False, max_length=64)),
                ('approved_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('imported_by', ''), _negated=True), name='import_made_by_a_person'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at', None), ('approved_by', '')), models.Q(models.Q(('approved_by', ''), _negated=True), ('approved_at__gte', models.F('imported_at')), ('approved_at__isnull', False)), _connector='OR'), name='import_approved_at_a_time'), models.CheckConstraint(condition=models.Q(('approved_by', models.F('imported_by')), _negated=True), name='import_approved_by_a_second_person')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('decision', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='reservation', serialize=False, to='consent.decision')),
                ('characters', models.BigIntegerField(editable=False)),
                ('clips', models.PositiveSmallIntegerField(editable=False)),
                ('state', models.CharField(choices=[('held', 'Held'), ('committed', 'Committed'), ('released', 'Released')], default='held', max_length=16)),
                ('expires_at', models.DateTimeField(editable=False)),
                ('usage', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reservations', to='consent.grantusage')),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'expires_at'], name='reservation_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['held', 'committed', 'released'])), name='reservation_state_is_known')],
            },
        ),
    ]
