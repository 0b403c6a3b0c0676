package io.trunkline.bench;

/** Where a conversation stands: the state machine of the processor, transition by transition. */
enum Phase {
    NEW("new"),
    STARTED("started"),
    FLOW("ivr"),
    QUEUED("queued"),
    CONNECTED("connected"),
    WRAPUP("wrapup"),
    ENDED("ended");

    private static final Phase[] ALL = values();

    /** As published. */
    final String text;

    Phase(String text) {
        this.text = text;
    }

    static Phase of(int ordinal) {
        return ALL[ordinal];
    }

    /** Where an event of this type leads. */
    Phase after(String eventType) {
        switch (eventType) {
            case "conversation.started":
                return this == NEW ? STARTED : this;
            case "flow.started":
                return this == ENDED ? ENDED : FLOW;
            case "queue.entered":
                return this == ENDED ? ENDED : QUEUED;
            case "participant.connected":
                return this == ENDED ? ENDED : CONNECTED;
            case "participant.disconnected":
                return this == CONNECTED ? WRAPUP : atLeastStarted();
            case "conversation.ended":
                return ENDED;
            default:
                return atLeastStarted();
        }
    }

    /** Whether an event of this type makes sense now, or lacks something that should have come first. */
    boolean admits(String eventType) {
        switch (eventType) {
            case "flow.started":
            case "flow.outcome":
            case "queue.entered":
            case "participant.connected":
            case "conversation.ended":
            case "conversation.contact_changed":
            case "conversation.attributes_changed":
            case "conversation.status_changed":
                return this != NEW;
            case "flow.ended":
                return this != NEW && this != STARTED;
            case "queue.left":
                return this == QUEUED || this == CONNECTED || this == WRAPUP || this == ENDED;
            case "participant.disconnected":
            case "acw.ended":
            case "wrapup.applied":
                return this == CONNECTED || this == WRAPUP || this == ENDED;
            default:
                return true;
        }
    }

    private Phase atLeastStarted() {
        return this == NEW ? STARTED : this;
    }
}
