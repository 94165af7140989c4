//! The log-in form. It keeps the URL, so that the viewer comes back to what he had chosen.

use crate::page::icon::Logo;
use crate::page::theme::ThemeToggle;
use crate::state::use_desk;
use coordinator::{Event, Login, Notice, Session};
use leptos::html::Input;
use leptos::prelude::*;
use protocol::{ErrorCode, LoginRequest};

#[component]
pub(super) fn LoginPage() -> impl IntoView {
    let desk = use_desk();
    let user: NodeRef<Input> = NodeRef::new();
    let password: NodeRef<Input> = NodeRef::new();
    let login = Memo::new(move |_| {
        desk.session.with(|session| match session {
            Session::LoggedOut(login) => login.clone(),
            _ => Login::Idle,
        })
    });
    let is_sending = move || login.with(|login| *login == Login::Sending);
    let error = Memo::new(move |_| {
        login.with(|login| match login {
            Login::Refused(failure) if failure.code == ErrorCode::Unauthorized => {
                "Wrong user name or password.".to_owned()
            }
            Login::Refused(failure) if failure.code == ErrorCode::TooManyAttempts => {
                "Too many attempts. Wait a moment, then try again.".to_owned()
            }
            Login::Refused(failure) => format!("Not logged in: {}.", failure.message),
            Login::Idle | Login::Sending => String::new(),
        })
    });
    let has_ended = move || desk.notices.with(|notices| notices.contains(&Notice::SessionEnded));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let text = |field: NodeRef<Input>| field.get_untracked().map(|field| field.value());
        if let (Some(user), Some(password)) = (text(user), text(password)) {
            desk.emit(Event::LoginSubmitted(LoginRequest { user, password }));
        }
    };
    // A wrong password is typed anew, so the caret is put there.
    Effect::new(move |_| {
        if error.with(|error| !error.is_empty())
            && let Some(field) = password.get()
        {
            field.select();
        }
    });
    Effect::new(move |_| {
        if let Some(field) = user.get() {
            let _focused = field.focus();
        }
    });
    view! {
        <main class="login">
            <div class="login-corner"><ThemeToggle /></div>
            <form class="login-card" on:submit=submit aria-labelledby="login-title">
                <Logo />
                <h1 id="login-title">"Log in to Lakefront"</h1>
                <p class="login-hint">
                    {move || {
                        if has_ended() {
                            "Your session has ended. Log in to go on where you were."
                        } else {
                            "Your lake, straight in your browser."
                        }
                    }}
                </p>
                <label class="field">
                    <span>"User"</span>
                    <input
                        node_ref=user
                        type="text"
                        name="user"
                        autocomplete="username"
                        autocapitalize="none"
                        spellcheck="false"
                        required
                        data-test="login-user"
                    />
                </label>
                <label class="field">
                    <span>"Password"</span>
                    <input
                        node_ref=password
                        type="password"
                        name="password"
                        autocomplete="current-password"
                        required
                        aria-describedby="login-error"
                        aria-invalid=move || error.with(|error| (!error.is_empty()).to_string())
                        data-test="login-password"
                    />
                </label>
                <p id="login-error" class="login-error" role="alert" data-test="login-error">
                    {error}
                </p>
                <button
                    type="submit"
                    class="button button-primary"
                    disabled=is_sending
                    data-test="login-submit"
                >
                    {move || if is_sending() { "Logging in…" } else { "Log in" }}
                </button>
            </form>
        </main>
    }
}
