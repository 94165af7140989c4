-- As delivered.
select * from source.products
