//! What the tests in a browser, `page-check` and the corpus runner share. The tests themselves are
//! beside it.

pub mod bench {
    //! What questions cost, beside what they need; what builds cost.
    pub mod build;
    pub mod duckdb;
    pub mod lake;
    pub mod measure;
    pub mod needed;
    pub mod snapshot;
}

pub mod corpus {
    //! Every table and file below a folder: read by the engine, compared with a plain reader.
    pub mod archive;
    pub mod cell;
    pub mod features;
    pub mod found;
    pub mod in_browser;
    pub mod job;
    pub mod mutant;
    pub mod mutants;
    pub mod oracle;
    pub mod pool;
    pub mod reading;
    pub mod record;
    pub mod rowset;
    pub mod run;
}

pub mod harness {
    //! A browser, servers, and the page as a test sees it.
    pub mod check;
    pub mod child;
    pub mod driver;
    pub mod engine;
    pub mod file_server;
    pub mod gateway;
    pub mod lakefront;
    pub mod mariadb;
    pub mod page;
}

pub mod lake;
