//! A headless Chromium of its own, driven by a chromedriver of its own; both end with it.

use super::child::{Running, program};
use anyhow::Context;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use thirtyfour::{
    BrowserLogEntry, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
};

/// How long starting may take on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How long closing may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(20);

/// Pause between two looks at a page.
const POLL_INTERVAL: Duration = Duration::from_millis(40);

/// How a browser is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Width of the window.
    pub width_px: u32,
    /// Height of the window.
    pub height_px: u32,
    /// Where caches and cookies are kept; a new empty profile when `None`.
    pub profile_dir: Option<PathBuf>,
    /// Runs in every page before its own scripts.
    pub before_load: Option<&'static str>,
}

impl Default for Launch {
    fn default() -> Launch {
        Launch { width_px: 1440, height_px: 1000, profile_dir: None, before_load: None }
    }
}

/// A running browser.
pub struct Browser {
    // In the order in which they end.
    driver: WebDriver,
    driver_port: u16,
    _chromedriver: Running,
    _profile: Option<tempfile::TempDir>,
}

/// A colour scheme that the page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Browser {
    /// Starts chromedriver on a free port, and Chromium.
    ///
    /// # Errors
    /// When one of them is missing or does not start.
    pub async fn start(launch: Launch) -> anyhow::Result<Browser> {
        let chromedriver =
            program("LAKEFRONT_CHROMEDRIVER", &["chromedriver", "chromium.chromedriver"])?;
        let chromedriver = Running::start(Command::new(chromedriver).arg("--port=0"))?;
        let port: u16 = chromedriver.wait_for(START_DEADLINE, |line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        })?;
        let (profile_dir, profile) = match launch.profile_dir {
            Some(dir) => (dir, None),
            None => {
                let profile = tempfile::tempdir()?;
                (profile.path().to_path_buf(), Some(profile))
            }
        };
        let chromium =
            program("LAKEFRONT_CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])?;
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary(&chromium.to_string_lossy())?;
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ] {
            capabilities.add_arg(argument)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile_dir.display()))?;
        capabilities.add_arg(&format!("--window-size={},{}", launch.width_px, launch.height_px))?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities)
            .await
            .context("chromedriver cannot start Chromium")?;
        let browser =
            Browser { driver, driver_port: port, _chromedriver: chromedriver, _profile: profile };
        if let Some(script) = launch.before_load {
            let arguments = json!({ "source": script });
            browser.cdp("Page.addScriptToEvaluateOnNewDocument", arguments).await?;
        }
        Ok(browser)
    }

    /// The session, for what has no name here.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Sends one command of the Chrome DevTools Protocol.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub async fn cdp(&self, method: &str, arguments: Value) -> anyhow::Result<Value> {
        self.driver.cdp().send_raw(method, arguments).await.with_context(|| method.to_owned())
    }

    /// Shows pages as if the screen had this width and height in CSS pixels.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub async fn resize(&self, width_px: u32, height_px: u32, scale: f64) -> anyhow::Result<()> {
        let metrics = json!({
            "width": width_px,
            "height": height_px,
            "deviceScaleFactor": scale,
            "mobile": width_px < 600,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await?;
        Ok(())
    }

    /// Asks pages for light or dark.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub async fn prefer(&self, scheme: Scheme) -> anyhow::Result<()> {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.cdp("Emulation.setEmulatedMedia", features).await?;
        Ok(())
    }

    /// What `script`, the body of a function, returns in the page.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        Ok(self.driver.execute(script, arguments).await?.json().clone())
    }

    /// The errors in the console since the last call, without those by which the browser itself
    /// notes that nobody was logged in: the answer 401 is how the page learns it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn console_errors(&self) -> anyhow::Result<Vec<String>> {
        let is_expected = |entry: &BrowserLogEntry| {
            entry.source.as_deref() == Some("network") && entry.message.contains("status of 401")
        };
        Ok(self
            .driver
            .browser_log()
            .await?
            .into_iter()
            .filter(|entry| entry.level == "SEVERE" && !is_expected(entry))
            .map(|entry| entry.message)
            .collect())
    }

    /// Ends the session, which closes the browser in order: its caches are on disk afterwards.
    ///
    /// Not by the driver's own client: this also runs while a test panics, where there is no runtime
    /// to wait in.
    fn close(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.driver_port))?;
        stream.set_read_timeout(Some(CLOSE_DEADLINE))?;
        let id = self.driver.session_id();
        write!(
            stream,
            "DELETE /session/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )?;
        // The driver answers when the browser has ended, and keeps the connection.
        let mut answer = [0; 64];
        stream.read(&mut answer).map(|_| ())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            eprintln!("the browser did not close: {error}");
        }
        // It is closed; the driver would wait for it once more.
        let _ = self.driver.clone().leak();
    }
}

/// Looks until there is something to see.
///
/// # Errors
/// When `deadline` passes before; the last error of `look` is its cause.
pub async fn until<T>(
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let ends = Instant::now() + deadline;
    loop {
        let outcome = look().await;
        if let Ok(Some(found)) = outcome {
            return Ok(found);
        }
        if Instant::now() > ends {
            let waited = format!("waited {} s for {what}", deadline.as_secs());
            return match outcome {
                Err(error) => Err(error).context(waited),
                _ => Err(anyhow::anyhow!(waited)),
            };
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
