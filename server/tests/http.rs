//! The server as its clients see it: requests in, statuses, headers and bytes out.

#[cfg(test)]
mod http {
    //! One file a subject.
    mod files;
    mod fixture;
    mod login;
    mod page;
    mod ranges;
    mod stop;
}
