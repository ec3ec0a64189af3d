# Makefile: build, install, test and measure io_notify.
#
#   make demo           watch it work: one throwaway server, nothing left behind
#   make test           the whole suite; make check-fast: the inner loop
#   make help           every target
#
# Lists are explicit: adding a file is one word below, and ci/check_lists.sh
# finds the word that was forgotten.  Everything generated lies in build/,
# but for io_notify.so, which PGXS wants beside the Makefile.

# --- what the extension is made of -----------------------------------------
EXTENSION  = io_notify
MODULE_big = io_notify
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" io_notify.control)

BASE    = column fiscal_code large_tables log_guard outcome owner provider_catalog settings \
          shared uuid7
RENDER  = calendar color escape escape_markdown front_matter grapheme json_escape \
          json_parse json_value local_time locale_cache locale_format mail_address \
          markdown markdown_text mime mime_header mime_transfer moment notice_fact \
          notice_html notice_part notice_preview notice_push notice_style notice_text \
          param_check param_cover param_localize param_type phrase preview_page sms_fit \
          sms_pattern sms_text sms_transliterate template template_lint \
          template_parse template_partials template_render template_tag template_text \
          text_check text_wrap unsubscribe_link
NET     = address_policy curl_global dot_stuff http_client reactor smtp_capability \
          smtp_client smtp_dialogue smtp_envelope smtp_machine smtp_reply smtp_verdict \
          url_check
CRYPTO  = unsubscribe_token webhook_signature
QUEUE   = claim decision facts job_facts lookup orphan plan quiet_hours quota quota_ledger rate \
          registry_read retry_policy route route_rows row_store service_cache settle \
          suppression template_read tx
CHANNEL = content content_read http_judge http_transport kept layout_cache \
          option_reader provider provider_health provider_options rendition retry_after \
          smtp_transport template_cache transport
INTAKE  = accept acting_citizen address_trigger authority capability_check \
          choice_trigger citizen_trigger database_guard feed_trigger inbox_trigger \
          layout_trigger message_check message_row registry_trigger route_trigger \
          send service_trigger template_check third_party trigger_row visibility wake
WORKER  = chore clock crash_record dispatcher flight_record gate launcher recover registry store submit
SQLAPI  = as_owner citizen_api preview_api provider_api pure_api status_api suppression_api \
          template_api

SOURCES = io_notify $(BASE:%=base/%) $(RENDER:%=render/%) $(NET:%=net/%) \
          $(CRYPTO:%=crypto/%) $(QUEUE:%=queue/%) $(CHANNEL:%=channel/%) \
          $(INTAKE:%=intake/%) $(WORKER:%=worker/%) $(SQLAPI:%=sqlapi/%)
OBJDIR  = build/obj
OBJS    = $(SOURCES:%=$(OBJDIR)/%.o)

# sql/schema: the data, run by install(); sql/install: the code, in this order
SQL_SCHEMA  = 10_registry 12_template 15_service 16_citizen 20_sending 30_partitions 40_triggers 50_views 52_facts 55_inbox 55_row_security 60_privileges
SQL_INSTALL = 01_guard 05_access 10_types 20_provider 30_intake 35_quota 35_template 36_preview 40_operate 42_service 44_citizen 45_suppression 46_inbox 47_feed 48_grants 50_status 60_install 90_privileges
UPDATES     =

DATA_built  = build/io_notify--$(EXTVERSION).sql $(UPDATES:%=build/io_notify--%.sql)
PG_CPPFLAGS = -Wall -Wextra -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server)
SHLIB_LINK  = -lcurl -lcrypto -lcmark -lidn2 -licui18n -licuuc -lm
EXTRA_CLEAN = build

# --- the tests that need a running server with the extension installed ------
REGRESS        = install providers errors senders lifecycle
REGRESS_OPTS   = --inputdir=. --outputdir=build/regress
REGRESS_PREP   = build/regress build/isolation
ISOLATION      = claim_claim revoke_read cancel_claim idempotency_race insert_pause service_steps \
                 quota_last_unit template_version mode_change_preference \
                 profile_stale_update route_latest verify_same_email
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=build/isolation

# --- PGXS -------------------------------------------------------------------
PG15 = /usr/lib/postgresql/15/bin/pg_config
PG_CONFIG ?= $(firstword $(wildcard $(PG15)) $(shell command -v pg_config) $(PG15))
export PG_CONFIG
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
override with_llvm = no
ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
else
all install installcheck clean:
	@echo "$(PG_CONFIG): no PostgreSQL server headers here; tools/setup build installs them, or say PG_CONFIG=" >&2; exit 1
endif
# C99 lets a declaration stand where it is first needed
override CFLAGS := $(filter-out -Wdeclaration-after-statement,$(CFLAGS))

# PGXS calls every file secondary: a word added to a list above must relink
$(MODULE_big).so: Makefile

# a header, another major version or other flags rebuild what they touch
$(OBJDIR)/%.o: src/%.c $(OBJDIR)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
$(OBJDIR)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$($(PG_CONFIG) --version)" $(call quote,$(CC) $(CFLAGS) $(CPPFLAGS)) | cmp -s - $@ || \
	  printf '%s\n' "$$($(PG_CONFIG) --version)" $(call quote,$(CC) $(CFLAGS) $(CPPFLAGS)) > $@
quote = '$(subst ','\'',$(1))'
-include $(wildcard $(OBJS:.o=.d))

# --- the SQL ----------------------------------------------------------------
SCHEMA_FILES  = $(SQL_SCHEMA:%=sql/schema/%.sql)
INSTALL_FILES = $(SQL_INSTALL:%=sql/install/%.sql)

build/io_notify--$(EXTVERSION).sql: tools/make_sql io_notify.control Makefile $(SCHEMA_FILES) $(INSTALL_FILES)
	@mkdir -p build
	tools/make_sql install $(SCHEMA_FILES) -- $(INSTALL_FILES) > $@.new && mv $@.new $@
$(UPDATES:%=build/io_notify--%.sql): build/io_notify--%.sql: sql/update/%.sql tools/make_sql Makefile $(SCHEMA_FILES) $(INSTALL_FILES)
	@mkdir -p build
	tools/make_sql update $< $(SCHEMA_FILES) -- $(INSTALL_FILES) > $@.new && mv $@.new $@

# --- unit tests: each names its sources at its top (units: ...) ---------------
UNIT_TESTS = $(patsubst test/%.c,build/%,$(wildcard test/unit/test_*.c)) \
             $(patsubst test/%.py,build/%,$(wildcard test/unit/*_roundtrip.py))
UNIT_BUILT = $(UNIT_TESTS:%_roundtrip=%_tool)
UNIT_FLAGS = -g -O1 -std=gnu11 -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=undefined \
             -DFRONTEND -Isrc -I. -isystem $(includedir) -isystem $(includedir_server)
UNIT_LIBS  = -L$(libdir) -L$(pkglibdir) -lpgcommon -lpgport -lcurl -lcrypto -lcmark -lidn2 -licui18n -licuuc -lm
units      = $(basename $(shell sed -n '1,9s|.* units: *\(.*\.c\).*|\1|p' $(1)))

build/unit/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(UNIT_FLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
-include $(wildcard build/unit/obj/*/*/*.d)
.SECONDEXPANSION:
$(UNIT_BUILT): build/unit/%: test/unit/%.c $$(addprefix build/unit/obj/,$$(addsuffix .o,test/unit/$$* $$(call units,test/unit/$$*.c)))
	$(CC) $(UNIT_FLAGS) -o $@ $(filter %.o,$^) $(UNIT_LIBS)
build/unit/%_roundtrip: test/unit/%_roundtrip.py build/unit/%_tool
	@printf '%s\n' '#!/bin/sh' 'exec python3 $< build/unit/$*_tool' > $@ && chmod +x $@

.PHONY: FORCE objects unit check-unit check-fast test demo bench lint fuzz check-matrix format dist help
FORCE:
objects: $(OBJS)
build/regress build/isolation:
	@mkdir -p $@
unit: $(UNIT_TESTS)
check-unit: unit
	LSAN_OPTIONS=suppressions=test/unit/lsan.supp:print_suppressions=0 prove -j2 -e '' $(UNIT_TESTS)

# --- what tools/ does: each brings what it needs, then builds, then runs ------
check-fast: ; @tools/setup build test && $(MAKE) -s all unit && tools/run_tests unit regress isolation pgtap
test:       ; @tools/setup build test && $(MAKE) -s all unit && tools/run_tests all
demo:       ; @tools/setup build demo && $(MAKE) -s all && KEEP=$(KEEP) tools/demo
bench:      ; @tools/setup build bench && $(MAKE) -s all && bench/run $(BENCH)
lint:       ; @ci/run_all
fuzz:       ; @tools/fuzz $(or $(SECONDS),60)
check-matrix: ; @tools/matrix $(MAJORS)
format:     ; @tools/format
dist:       ; @mkdir -p build && git archive --format=zip --prefix=io_notify-$(EXTVERSION)/ -o build/io_notify-$(EXTVERSION).zip HEAD && echo build/io_notify-$(EXTVERSION).zip
print-%: ; @echo $($*)
help:
	@sed -n 's/^#   make /  make /p' Makefile
	@printf '  make %s\n' 'all install installcheck   for your own server, PG_CONFIG=/path/to/pg_config' \
	  'check-unit                 C unit tests under the address and undefined-behaviour sanitizers' \
	  'bench                      the budgets, each with its verdict' 'lint                       every rule in ci/, analysers too' \
	  'fuzz SECONDS=60            the parsers under libFuzzer' 'check-matrix MAJORS="17 18" the suite on other PostgreSQL majors (root; chroots)' \
	  'format                     pg_bsd_indent over src/ and test/' 'dist clean'
