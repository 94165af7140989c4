-- As delivered.
select * from source.inventory
