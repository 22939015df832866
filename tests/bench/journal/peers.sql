-- What a user would otherwise have: the plain table, and the common way of keeping history.
create schema peers;

-- The plots as the bench brings them, to be written into each store.
create unlogged table peers.coming (like layers.plots);
alter table peers.coming drop column version, drop column change;

create table peers.plain (like layers.plots including defaults including indexes);
drop index peers.plain_change_idx;

-- As the extension temporal_tables and its PL/pgSQL twin do it: the period of a row starts at the transaction's now(),
-- a replaced row goes to the history table with its period closed, a row written twice in a transaction keeps the last.
create table peers.kept (like layers.plots including defaults including indexes);
drop index peers.kept_change_idx;
alter table peers.kept add column sys_period tstzrange not null default tstzrange(now(), null);
create table peers.kept_history (like peers.kept);
create index on peers.kept_history (id);

create function peers.keep() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and lower(old.sys_period) < now() then
    old.sys_period := tstzrange(lower(old.sys_period), now());
    insert into peers.kept_history select old.*;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  new.sys_period := tstzrange(now(), null);
  return new;
end $$;

create trigger keep before insert or update or delete on peers.kept
  for each row execute function peers.keep();
