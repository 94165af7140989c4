select * from source.people
