//! What the tests in a browser and `page-check` share. The tests themselves are beside it.

pub mod harness {
    //! A browser, a server, and the page as a test sees it.
    pub mod check;
    pub mod child;
    pub mod driver;
    pub mod hostile;
    pub mod lakefront;
    pub mod page;
}

pub mod lake;
