//! Logging in and out, the session's ends, and guessing.

use super::fixture::{Answer, PART, PASSWORD, USER, World, login_request};
use axum::body::Body;
use axum::http::Request;
use futures::future::join_all;
use protocol::{ErrorCode, LogoutReply, Role, SessionReply};
use server::listen::Peer;
use server::{ConfigError, users};
use std::fs;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3_600);

fn session_of(answer: &Answer) -> SessionReply {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn a_log_in_gives_a_cookie_that_opens_the_lake() {
    let world = World::new();
    assert_eq!(world.get("/api/session", &[]).await.body, b"null", "nobody is logged in");
    world.get(PART, &[]).await.is_refused(401, ErrorCode::Unauthorized);

    let answer = world.try_login(USER, PASSWORD).await;
    let session = session_of(&answer);
    assert_eq!((session.user.as_str(), session.role), (USER, Role::Admin));
    assert_eq!(session.expires_at_us, world.now_us() + 12 * 3_600_000_000);
    let line = answer.header("set-cookie").unwrap();
    let (id, attributes) = line.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; Secure; SameSite=Strict; Path=/");
    assert!(id.starts_with("__Host-lakefront=") && id.len() == "__Host-lakefront=".len() + 43);

    assert_eq!(world.get(PART, &[("cookie", id)]).await.status, 200);
    assert_eq!(session_of(&world.get("/api/session", &[("cookie", id)]).await), session);
    assert_ne!(world.cookie().await, id, "ids are random");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let world = World::new();
    let wrong = world.try_login(USER, "another password").await;
    let unknown = world.try_login("nobody", "another password").await;
    wrong.is_refused(401, ErrorCode::Unauthorized);
    assert_eq!(wrong, unknown);
    assert_eq!(wrong.header("set-cookie"), None);
    for (user, password) in [(USER, ""), ("", ""), ("ADA", PASSWORD), (USER, "A long password")] {
        assert_eq!(world.try_login(user, password).await, wrong, "{user} {password}");
    }
}

/// The one test that looks at a real clock, for only that shows whether a hash was computed. It
/// fails only when an unknown user is answered in a small part of the time of a known one.
#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_take_the_same_time() {
    let world = World::new();
    let mut shortest = [Duration::MAX; 2];
    for _ in 0..4 {
        for (user, shortest) in [USER, "nobody"].into_iter().zip(&mut shortest) {
            let started = Instant::now();
            world.try_login(user, "another password").await;
            *shortest = started.elapsed().min(*shortest);
        }
    }
    let [known, unknown] = shortest;
    assert!(unknown * 3 > known && known * 3 > unknown, "{known:?} and {unknown:?}");
}

#[tokio::test]
async fn guessing_has_to_wait_for_each_user_and_address() {
    let world = World::new();
    let from = |address: [u8; 4], user: &str, password: &str| {
        let mut request = login_request(user, password);
        request.extensions_mut().insert(Peer(address.into()));
        world.send(request)
    };
    for user in [USER, "nobody"] {
        for _ in 0..5 {
            from([10, 0, 0, 1], user, "wrong").await.is_refused(401, ErrorCode::Unauthorized);
        }
        // The right password has to wait as well, else a guess would show.
        let held = from([10, 0, 0, 1], user, PASSWORD).await;
        held.is_refused(429, ErrorCode::TooManyAttempts);
        assert_eq!(held.header("retry-after"), Some("30"));
    }
    assert_eq!(from([10, 0, 0, 2], USER, PASSWORD).await.status, 200);
    world.wait(Duration::from_millis(28_500));
    let held = from([10, 0, 0, 1], USER, PASSWORD).await;
    assert_eq!((held.status.as_u16(), held.header("retry-after")), (429, Some("2")));
    world.wait(Duration::from_millis(1_500));
    from([10, 0, 0, 1], USER, "wrong").await.is_refused(401, ErrorCode::Unauthorized);
    let held = from([10, 0, 0, 1], USER, PASSWORD).await;
    assert_eq!(held.header("retry-after"), Some("60"));
    world.wait(Duration::from_secs(60));
    assert_eq!(from([10, 0, 0, 1], USER, PASSWORD).await.status, 200);
    from([10, 0, 0, 1], USER, "wrong").await.is_refused(401, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn only_so_many_passwords_are_checked_at_a_time() {
    let world = World::with(|config| {
        config.login.max_checking = 1;
        config.login.max_waiting = 1;
    });
    let users = ["a", "b", "c", "d", "e"];
    let answers = join_all(users.map(|user| world.try_login(user, "wrong password"))).await;
    let with = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(401), with(429)), (2, 3));
    assert_eq!(world.try_login(USER, PASSWORD).await.status, 200, "places come free again");
}

#[tokio::test]
async fn what_is_no_log_in_is_refused_without_an_echo() {
    let world = World::new();
    let check = async |content_type: &str, body: String, status: u16| {
        let request = Request::post("/api/login").header("content-type", content_type);
        let answer = world.send(request.body(Body::from(body)).unwrap()).await;
        answer.is_refused(status, ErrorCode::InvalidRequest);
        assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"), "{answer:?}");
    };
    let right = serde_json::json!({ "user": USER, "password": PASSWORD }).to_string();
    check("text/plain", right.clone(), 415).await;
    check("application/x-www-form-urlencoded", "user=ada&password=hunter2".into(), 415).await;
    check("", right, 415).await;
    check("application/json", String::new(), 400).await;
    check("application/json", "\"hunter2\"".into(), 400).await;
    check("application/json", r#"{"user":"ada","password":"x","hunter2":1}"#.into(), 400).await;
    check("application/json; charset=utf-8", r#"{"user":"ada"}"#.into(), 400).await;
    check("application/json", " ".repeat(9_000), 413).await;
    world.get("/api/login", &[]).await.is_refused(405, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn other_sites_can_neither_log_in_nor_out() {
    let world = World::new();
    let cookie = world.cookie().await;
    let check = async |headers: &[(&str, &str)], allowed: bool| {
        let mut request = login_request(USER, PASSWORD);
        for (name, value) in headers {
            let name = axum::http::HeaderName::try_from(*name).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let login = world.send(request).await;
        let logout = world.ask("POST", "/api/logout", headers).await;
        if allowed {
            assert_eq!((login.status.as_u16(), logout.status.as_u16()), (200, 200), "{headers:?}");
        } else {
            login.is_refused(403, ErrorCode::Forbidden);
            logout.is_refused(403, ErrorCode::Forbidden);
        }
    };
    let host = ("host", "127.0.0.1:8080");
    check(&[host], true).await;
    check(&[host, ("sec-fetch-site", "same-origin")], true).await;
    check(&[host, ("sec-fetch-site", "same-site")], false).await;
    check(&[host, ("sec-fetch-site", "cross-site")], false).await;
    check(&[host, ("sec-fetch-site", "none")], false).await;
    check(&[host, ("origin", "http://127.0.0.1:8080")], true).await;
    check(&[host, ("origin", "http://127.0.0.1:8081")], false).await;
    check(&[host, ("origin", "https://evil.example")], false).await;
    check(&[host, ("origin", "null")], false).await;
    // A proxy may rewrite the host, but no page can forge what the browser says.
    check(&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://a.example")], true).await;
    check(&[host, ("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8080")], false)
        .await;
    assert_eq!(world.get("/api/session", &[("cookie", &cookie)]).await.status, 200);
}

#[tokio::test]
async fn a_log_out_ends_the_session() {
    let world = World::new();
    let cookie = world.cookie().await;
    let other = world.cookie().await;
    let logout = async |headers: &[(&str, &str)]| {
        let answer = world.ask("POST", "/api/logout", headers).await;
        let dropped = answer.header("set-cookie").unwrap();
        assert_eq!(
            dropped,
            "__Host-lakefront=; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=0"
        );
        serde_json::from_slice::<LogoutReply>(&answer.body).unwrap().ended
    };
    assert!(logout(&[("cookie", &cookie)]).await);
    world.get(PART, &[("cookie", &cookie)]).await.is_refused(401, ErrorCode::Unauthorized);
    assert!(!logout(&[("cookie", &cookie)]).await);
    assert!(!logout(&[]).await);
    assert_eq!(world.get(PART, &[("cookie", &other)]).await.status, 200, "others live on");
}

#[tokio::test]
async fn a_log_in_ends_the_session_before_it() {
    let world = World::new();
    let first = world.cookie().await;
    let mut request = login_request(USER, PASSWORD);
    request.headers_mut().insert("cookie", first.parse().unwrap());
    assert_eq!(world.send(request).await.status, 200);
    world.get(PART, &[("cookie", &first)]).await.is_refused(401, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_session_that_ends_between_two_ranges_gives_401() {
    let world = World::new();
    let cookie = world.cookie().await;
    let headers = [("cookie", cookie.as_str()), ("range", "bytes=0-9")];
    assert_eq!(world.get(PART, &headers).await.status, 206);
    world.wait(HOUR * 12 - Duration::from_micros(1));
    assert_eq!(world.get(PART, &headers).await.status, 206, "use keeps it alive");
    world.wait(HOUR * 12);
    let ended = world.get(PART, &headers).await;
    ended.is_refused(401, ErrorCode::Unauthorized);
    assert_eq!(ended.header("content-range"), None);
    assert_eq!(ended.header("vary"), Some("Cookie"));

    let cookie = world.cookie().await;
    for _ in 0..15 {
        assert_eq!(world.get(PART, &[("cookie", &cookie)]).await.status, 200);
        world.wait(HOUR * 11);
    }
    world.wait(HOUR * 3);
    world.get(PART, &[("cookie", &cookie)]).await.is_refused(401, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_change_of_the_users_counts_at_once() {
    let world = World::new();
    world.users().add("bob", Role::Viewer, "a long password").unwrap();
    assert_eq!(session_of(&world.try_login("bob", PASSWORD).await).role, Role::Viewer);

    let cookie = world.cookie().await;
    world.users().set_password(USER, "another password").unwrap();
    world.get(PART, &[("cookie", &cookie)]).await.is_refused(401, ErrorCode::Unauthorized);
    world.try_login(USER, PASSWORD).await.is_refused(401, ErrorCode::Unauthorized);
    let answer = world.try_login(USER, "another password").await;
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    world.users().remove(USER).unwrap();
    world.get(PART, &[("cookie", &cookie)]).await.is_refused(401, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_users_file_that_breaks_lets_nobody_in_and_tells_nothing() {
    let world = World::new();
    let cookie = world.cookie().await;
    let path = users::UserFile::path_in(world.folder.path());
    for broken in [Some("{"), None] {
        match broken {
            Some(json) => fs::write(&path, json).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        for answer in
            [world.get(PART, &[("cookie", &cookie)]).await, world.try_login(USER, PASSWORD).await]
        {
            answer.is_refused(500, ErrorCode::Internal);
            assert!(!answer.failure().message.contains("users"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_at_the_start_is_named() {
    let check = |change: &dyn Fn(&mut server::Config), expected: &str| {
        let world = World::new();
        let mut config = server::Config {
            lake_root: world.lake(),
            users_path: users::UserFile::path_in(world.folder.path()),
            page: server::page::Page::embedded(),
            login: server::LoginPolicy::default(),
        };
        change(&mut config);
        let clock = std::sync::Arc::new(server::SystemClock);
        let error = server::router(config, clock).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        error
    };
    let error = check(&|config| config.lake_root.push("nowhere"), "no lake at");
    assert!(matches!(error, ConfigError::NoLake { .. }));
    check(&|config| config.lake_root.push("_lakefront/catalog.json"), "no lake at");
    let error = check(&|config| config.lake_root.push("gold"), "no catalog at");
    assert!(matches!(error, ConfigError::NoCatalog { .. }));
    check(&|config| config.users_path.push("nowhere"), "users file");
    check(&|config| config.users_path.set_extension("other").then_some(()).unwrap(), "no users");
    let empty = r#"{"format":1,"users":[]}"#;
    check(&|config| fs::write(&config.users_path, empty).unwrap(), "has no users");
}
