-- Three group roles; a login is made by the office that runs the database and granted one of them.
--   qingshan_read     sees layers, past, journal and records
--   qingshan_edit     also edits layers, from QGIS or psql, and may say why and from which day
--   qingshan_program  the program's own login: may name the person it has asked, keeps batches, checks, stated values, inbox and cursors
-- Idempotent: it is run again after every migration.

do $$
declare
  wanted text;
begin
  foreach wanted in array array['qingshan_read', 'qingshan_edit', 'qingshan_program'] loop
    begin
      execute format('create role %I nologin', wanted);
    exception when duplicate_object or unique_violation then
      null;  -- roles belong to the server: another database of it made them
    end;
  end loop;
end $$;

grant qingshan_read to qingshan_edit;
grant qingshan_edit to qingshan_program;
grant qingshan_program to current_user;

revoke all on all functions in schema journal from public;
grant execute on function journal.past_no(), journal.past_on() to public;

grant usage on schema layers, past, journal, records to qingshan_read;
grant select on all tables in schema layers, past, journal, records to qingshan_read;

grant insert, update, delete on all tables in schema layers to qingshan_edit;
grant insert (kind, effective_on, note) on journal.changes to qingshan_edit;

grant insert (person, door, undoes) on journal.changes to qingshan_program;
grant insert, update on journal.inbox, journal.cursors to qingshan_program;
grant insert, update, delete on all tables in schema records to qingshan_program;
revoke update, delete on records.stated, records.checks, records.kept_files from qingshan_program;
revoke update, delete on records.drafts, records.releases, records.reviews, records.switches from qingshan_program;
grant usage on all sequences in schema records, journal to qingshan_program;
