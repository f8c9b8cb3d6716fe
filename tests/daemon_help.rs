//! The daemons' `--help`, as an operator reads it.

use super::support::process::{modbot_config, modbot_gateway, modbot_http, outcome};

#[test]
fn help_names_every_variable_and_fits_a_terminal() {
    for (name, mut command) in [
        ("modbot-config", modbot_config()),
        ("modbot-gateway", modbot_gateway()),
        ("modbot-http", modbot_http()),
    ] {
        let help = outcome(command.arg("--help"));
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
        assert!(
            help.stdout.lines().all(|line| line.chars().count() <= 80),
            "{}",
            help.stdout
        );
        insta::assert_snapshot!(name, help.stdout);
    }
}
