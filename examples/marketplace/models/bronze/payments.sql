-- As delivered.
select * from source.payments
