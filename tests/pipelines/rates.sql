-- Every rate by township, in plain PostGIS, from the definitions in words and by another way to each of its parts:
-- unions instead of a share for each feature, and areas in a cylindrical equal-area projection (PROJ) of edges cut to
-- 0.00002 degrees (2 m): a straight line there is straight in degrees to within 1e-5 m² for a hectare.
-- Nothing of the program is used but its tables; the codes that count are written out.
create function pg_temp.m2(g geometry) returns double precision language sql as $$
  select ST_Area(ST_Transform(ST_Segmentize(g, 0.00002),
    '+proj=longlat +a=6378137 +rf=298.257222101 +no_defs',
    '+proj=cea +lon_0=115.4 +a=6378137 +rf=298.257222101 +no_defs'))
$$;
create function pg_temp.ground(g geometry) returns geometry language sql as $$
  select ST_CollectionExtract(coalesce(g, 'SRID=4490;POLYGON EMPTY'), 3)
$$;

with town as (
  select t.code,
         pg_temp.ground(ST_Difference(t.shape, (
           select coalesce(ST_Union(o.shape), 'SRID=4490;POLYGON EMPTY') from layers.townships o
            where o.code < t.code and ST_Intersects(o.shape, t.shape)))) as shape
    from layers.townships t
), zone as (
  select shape from layers.redlines
   where coalesce(in_force_from, '-infinity') <= %(on)s and coalesce(in_force_to, 'infinity') >= %(on)s
  union all
  select shape from layers.protected_areas
   where coalesce(in_force_from, '-infinity') <= %(on)s and coalesce(in_force_to, 'infinity') >= %(on)s
), forest as (
  select shape from layers.plots
   where land_class_system = 'forest-2020'
     and (land_class in ('030200', '030301') or land_class = '030100' and coalesce(canopy, 1) >= 0.20)
), wetland as (
  select shape, protection_form from layers.wetlands where baseline = 'second'
), held as (
  select shape from layers.protected_areas
   where kind in ('national-park', 'reserve', 'wetland-park', 'scenic', 'forest-park', 'geopark', 'aquatic', 'other',
                  'small-wetland', 'small-reserve')
     and coalesce(in_force_from, '-infinity') <= %(on)s and coalesce(in_force_to, 'infinity') >= %(on)s
  union all
  select shape from wetland where protection_form = 'important'
), eroded as (
  select shape from layers.erosion
   where year = (select max(year) from layers.erosion)
     and intensity in ('light', 'moderate', 'intense', 'very-intense', 'severe')
), within as (
  select t.code, t.shape,
         (select pg_temp.ground(ST_Intersection(t.shape, ST_Union(f.shape))) from forest f where f.shape && t.shape) as forest,
         (select pg_temp.ground(ST_Intersection(t.shape, ST_Union(z.shape))) from zone z where z.shape && t.shape) as zones,
         (select pg_temp.ground(ST_Intersection(t.shape, ST_Union(w.shape))) from wetland w where w.shape && t.shape) as wetland,
         (select pg_temp.ground(ST_Intersection(t.shape, ST_Union(h.shape))) from held h where h.shape && t.shape) as held,
         (select pg_temp.ground(ST_Intersection(t.shape, ST_Union(e.shape))) from eroded e where e.shape && t.shape) as eroded,
         (select pg_temp.ground(ST_Intersection(t.shape, ST_Union(r.shape))) from layers.redlines r
           where r.shape && t.shape and coalesce(in_force_from, '-infinity') <= %(on)s
             and coalesce(in_force_to, 'infinity') >= %(on)s) as red
    from town t
)
select code, pg_temp.m2(shape) as land, pg_temp.m2(forest) as forest,
       pg_temp.m2(pg_temp.ground(ST_Intersection(forest, zones))) as protected_forest,
       pg_temp.m2(wetland) as wetland, pg_temp.m2(pg_temp.ground(ST_Intersection(wetland, held))) as protected_wetland,
       pg_temp.m2(shape) - pg_temp.m2(eroded) as kept, pg_temp.m2(red) as redline
  from within order by code;
