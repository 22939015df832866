-- What must be true whoever writes: every row of a layer has a version and a change, replaced rows are kept,
-- a change is numbered and timed at its commit, and nobody may choose the number, the time or the person.
-- Idempotent: it is run again after every migration.
--
-- Functions that run as the owner name pg_temp last. Left out, it is searched first, and any login could put its own type
-- in the place of one of ours (a domain pg_temp.date with a check) and have its code run as the owner.

create or replace function journal.refuse() returns trigger
language plpgsql as $$
begin
  raise exception 'journal.%: % is refused', tg_argv[0], lower(tg_op) || ' on ' || tg_table_schema || '.' || tg_table_name
    using errcode = '55000', hint = tg_argv[1];
end $$;

-- The door of a session that did not name one. It is a claim of the client; the person is not.
-- (A body without quotes is read once, here: what its names mean does not depend on the caller's search path.)
create or replace function journal.door() returns text
language sql stable
return case when current_setting('application_name') ilike 'qgis%' then 'qgis' else 'sql' end;

-- Before a change is opened: at most one a transaction, without number or time, by the one who is logged in.
-- Only the program's own role may name another person, because it has asked them who they are.
create or replace function journal.open_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from journal.changes where at is null) then
    raise exception 'journal.open: this transaction has opened its change already' using errcode = '55000';
  end if;
  new.no := null;
  new.at := null;
  if new.effective_on not between '0001-01-01' and '9999-12-31' then
    raise exception 'journal.open: % is no day of our calendar', new.effective_on using errcode = '22008';
  end if;
  if not pg_has_role(session_user, 'qingshan_program', 'usage') then
    new.person := session_user;
    new.door := journal.door();
    new.undoes := null;
  end if;
  new.person := coalesce(nullif(new.person, ''), session_user);
  new.door := coalesce(new.door, journal.door());
  return new;
end $$;

create or replace trigger open_change before insert on journal.changes
  for each row execute function journal.open_change();

-- The open change of this transaction, opened at first need. An unstamped change is visible to nobody else.
create or replace function journal.mine() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  mine bigint;
begin
  select id into mine from journal.changes where at is null;
  if mine is null then
    insert into journal.changes (person, door) values (session_user, journal.door()) returning id into mine;
  end if;
  return mine;
end $$;

-- At commit: one lock makes the commits of changes serial, so that numbers have no gaps and times rise with them.
create or replace function journal.stamp() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  last_no bigint := 0;
  last_at timestamptz := '-infinity';
  now_at timestamptz;
begin
  perform pg_advisory_xact_lock(4490, 1);
  select no, at into last_no, last_at from journal.changes where no is not null order by no desc limit 1;
  now_at := greatest(clock_timestamp(), last_at + interval '1 microsecond');
  update journal.changes
     set no = coalesce(last_no, 0) + 1, at = now_at,
         effective_on = coalesce(effective_on, (now_at at time zone 'Asia/Shanghai')::date)
   where id = new.id and at is null;
  return null;
exception when unique_violation then
  -- A repeatable-read transaction cannot see the changes committed since it began.
  raise exception 'journal.stamp: another change was committed since this transaction began' using errcode = '40001';
end $$;

drop trigger if exists stamp on journal.changes;
create constraint trigger stamp after insert on journal.changes
  deferrable initially deferred for each row execute function journal.stamp();

-- A stamped change stands as it is; only the stamp itself may write an unstamped one.
create or replace trigger stands before update on journal.changes
  for each row when (old.at is not null or pg_trigger_depth() = 0)
  execute function journal.refuse('changes', 'A change is never rewritten: make another one.');
create or replace trigger stays before delete on journal.changes
  for each row execute function journal.refuse('changes', 'A change is never removed: undo it.');
create or replace trigger stays_whole before truncate on journal.changes
  for each statement execute function journal.refuse('changes', 'The journal is kept for ever.');

create or replace trigger stands before update on journal.versions
  for each row execute function journal.refuse('versions', 'History is never rewritten.');
create or replace trigger written_by_trigger before insert on journal.versions
  for each row when (pg_trigger_depth() = 0)
  execute function journal.refuse('versions', 'Only the trigger of a layer writes history.');
create or replace trigger stays before delete on journal.versions
  for each row execute function journal.refuse('versions', 'History is kept for ever.');
create or replace trigger stays_whole before truncate on journal.versions
  for each statement execute function journal.refuse('versions', 'History is kept for ever.');

-- Before a row of a layer is written: give it its version and change, keep the row it replaces.
-- A row written twice in one change keeps its version: nobody else could ever see the one between.
create or replace function journal.record() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set extra_float_digits = 1 as $$
declare
  mine bigint;
  last_version bigint;
  replaced record;
begin
  if tg_op = 'UPDATE' then
    if new.id <> old.id then
      raise exception 'journal.record: the id of a feature does not change' using errcode = '55000';
    end if;
    new.version := old.version;
    new.change := old.change;
    if new *= old then
      return null;
    end if;
  end if;
  mine := journal.mine();
  if tg_op = 'INSERT' then
    new.change := mine;
    select max(version) into last_version from journal.versions where layer = tg_table_name::text and id = new.id;
    new.version := coalesce(last_version, 0) + 1;
    return new;
  end if;
  if old.change <> mine then
    replaced := old;
    replaced.shape := null;
    insert into journal.versions (layer, id, version, change, row, shape)
    values (tg_table_name, old.id, old.version, old.change, to_jsonb(replaced), old.shape);
  end if;
  if tg_op = 'UPDATE' then
    new.version := old.version + (old.change <> mine)::int;
    new.change := mine;
    return new;
  end if;
  -- What this change itself brought, or brought back, goes without a trace.
  if old.change <> mine or exists (
    select from journal.versions
     where layer = tg_table_name::text and id = old.id and version = old.version - 1 and not gone
  ) then
    insert into journal.versions (layer, id, version, change, gone)
    values (tg_table_name, old.id, old.version + (old.change <> mine)::int, mine, true);
  end if;
  return old;
end $$;

-- After rows are added: a feature that was ended by another transaction while its return waited for that commit took
-- its version before the end could be seen. It comes again, after the end.
create or replace function journal.follow() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from added a join journal.versions v on v.layer = tg_table_name::text and v.id = a.id and v.version >= a.version
  ) then
    raise exception 'journal.follow: a feature that comes again was ended by another change meanwhile'
      using errcode = '40001', hint = 'Do it again.';
  end if;
  return null;
end $$;

-- A shape redrawn by hand has no area of record until a surveyed file brings one.
create or replace function journal.forget_area() returns trigger
language plpgsql as $$
begin
  if new.survey_area_m2 is not distinct from old.survey_area_m2 then
    new.survey_area_m2 := null;
    new.survey_crs := null;
  end if;
  return new;
end $$;

-- A stated value belongs to the change of its own transaction, whoever writes it, and stands as it was stated.
create or replace function journal.state() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  new.change := journal.mine();
  return new;
end $$;

create or replace trigger state before insert on records.stated
  for each row execute function journal.state();
create or replace trigger stands before update on records.stated
  for each row execute function journal.refuse('stated', 'A stated value is never rewritten: state it again.');
create or replace trigger stays before delete on records.stated
  for each row execute function journal.refuse('stated', 'A stated value is never removed: withdraw it.');
create or replace trigger stays_whole before truncate on records.stated
  for each statement execute function journal.refuse('stated', 'Stated values are kept for ever.');

-- A stored check, and the files that it was told of, stand as they were stored: papers with its number are in drawers.
create or replace trigger stands before update on records.checks
  for each row execute function journal.refuse('checks', 'A stored check is never rewritten: check the file again.');
create or replace trigger stays before delete on records.checks
  for each row execute function journal.refuse('checks', 'A stored check is never removed: papers bear its number.');
create or replace trigger stays_whole before truncate on records.checks
  for each statement execute function journal.refuse('checks', 'Stored checks are kept for ever.');
create or replace trigger stands before update on records.kept_files
  for each row execute function journal.refuse('kept_files', 'A kept file is never rewritten.');
create or replace trigger stays before delete on records.kept_files
  for each row execute function journal.refuse('kept_files', 'A kept file is never removed: stored checks rest on it.');
create or replace trigger stays_whole before truncate on records.kept_files
  for each statement execute function journal.refuse('kept_files', 'Kept files are kept for ever.');

-- What is published is signed by the login that does it, and by nobody's word: a review by the login that made the draft
-- is none, and nothing is switched on that no second login has accepted last.
create or replace function journal.sign() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  new.login := session_user;
  new.at := clock_timestamp();
  return new;
end $$;

create or replace function journal.second_person() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from records.drafts where number = new.draft and login = session_user) then
    raise exception 'records.reviews: draft % was made by this login', new.draft
      using errcode = '55000', hint = 'Let somebody else review it, with a login of their own.';
  end if;
  return new;
end $$;

create or replace function journal.accepted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if (select accepted from records.reviews where draft = new.draft order by number desc limit 1) is not true then
    raise exception 'records.switches: draft % was not accepted by a second person', new.draft using errcode = '55000';
  end if;
  if new.release is not null and not exists (
    select from records.releases r join records.drafts d on d.hash = r.hash
     where r.number = new.release and d.number = new.draft
       and (now() at time zone 'Asia/Shanghai')::date between r.decided_on and r.expires_on
  ) then
    raise exception 'records.switches: release decision % does not hold for draft %', new.release, new.draft
      using errcode = '55000';
  end if;
  return new;
end $$;

do $$
declare
  kept text;
begin
  foreach kept in array array['drafts', 'releases', 'reviews', 'switches'] loop
    execute format(
      'create or replace trigger sign before insert on records.%1$I for each row execute function journal.sign();
       create or replace trigger stands before update on records.%1$I for each row
         execute function journal.refuse(%1$L, ''What was published, decided and reviewed is never rewritten.'');
       create or replace trigger stays before delete on records.%1$I for each row
         execute function journal.refuse(%1$L, ''What was published, decided and reviewed is kept for ever.'');
       create or replace trigger stays_whole before truncate on records.%1$I for each statement
         execute function journal.refuse(%1$L, ''What was published, decided and reviewed is kept for ever.'')', kept);
  end loop;
end $$;
create or replace trigger second_person before insert on records.reviews
  for each row execute function journal.second_person();
create or replace trigger accepted before insert on records.switches
  for each row execute function journal.accepted();

-- The moment that a session of the past reads at. Missing settings mean: everything that is known, on any day.
create or replace function journal.past_no() returns bigint
language sql stable parallel safe
return coalesce(nullif(current_setting('qingshan.past_no', true), '')::bigint, 9223372036854775807);
create or replace function journal.past_on() returns date
language sql stable parallel safe
return coalesce(nullif(current_setting('qingshan.past_on', true), '')::date, 'infinity');
