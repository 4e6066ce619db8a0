-- Roles and schemas: who may write what. Runs before every migration and is safe to repeat.

do $$
declare
    name text;
begin
    foreach name in array array[
        'accord_lander', 'accord_modeler', 'accord_gatekeeper', 'accord_deliverer', 'accord_reader', 'accord_steward',
        'accord_resolver'
    ] loop
        -- Roles are all databases', and somebody who prepares another one may be a moment ahead.
        begin
            if not exists (select from pg_roles where rolname = name) then
                execute format('create role %I nologin', name);
            end if;
        exception when duplicate_object or unique_violation then null;
        end;
        begin
            if not pg_has_role(current_user, name, 'set') then
                execute format('grant %I to current_user', name);
            end if;
        exception when unique_violation then null;
        end;
    end loop;
    -- A steward's replay lands records, lets refused writes be made again, and says who is who.
    foreach name in array array['accord_lander', 'accord_deliverer', 'accord_resolver'] loop
        begin
            if not pg_has_role('accord_steward', name, 'usage') then
                execute format('grant %I to accord_steward', name);
            end if;
        exception when unique_violation then null;
        end;
    end loop;
    begin
        if not pg_has_role('accord_resolver', 'accord_reader', 'usage') then
            grant accord_reader to accord_resolver;
        end if;
    exception when unique_violation then null;
    end;
    foreach name in array array['landing', 'ops'] loop
        execute format('create schema if not exists %I', name);
        execute format('revoke all on schema %I from public', name);
        execute format(
            'grant usage on schema %I to accord_lander, accord_modeler, accord_gatekeeper, accord_deliverer, accord_reader',
            name
        );
    end loop;
    foreach name in array array['staging', 'intermediate', 'canonical', 'publish', 'reconciliation'] loop
        execute format('create schema if not exists %I', name);
        execute format('grant usage, create on schema %I to accord_modeler', name);
        execute format(
            'grant usage on schema %I to accord_lander, accord_gatekeeper, accord_deliverer, accord_reader', name
        );
        execute format(
            'alter default privileges for role accord_modeler in schema %I grant select on tables to accord_lander, accord_gatekeeper, accord_deliverer, accord_reader',
            name
        );
    end loop;
    execute format('grant create on database %I to accord_modeler', current_database());
end
$$;
